/** Packages that bring no types of their own. */
declare module 'kafkajs-snappy' {
  const codec: () => { compress(encoder: { buffer: Buffer }): Promise<Buffer>; decompress(compressed: Buffer): Promise<Buffer> };
  export default codec;
}
