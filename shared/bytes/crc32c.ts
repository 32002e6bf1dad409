/** CRC-32C (Castagnoli), as record batches carry it. Native: the broker runs it over every byte that is produced. */
export { crc32c } from '@node-rs/crc32';
