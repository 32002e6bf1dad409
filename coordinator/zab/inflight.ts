/** What was handed on and has not come back: keys in rising order, each with its bytes. Keeps the sum, for windows of flow control. */
export class Inflight {
  bytes = 0;
  private items: { key: number; bytes: number }[] = [];
  private head = 0;

  add(key: number, bytes: number): void {
    this.items.push({ key, bytes });
    this.bytes += bytes;
  }

  /** Everything up to `key` came back. Was there anything? */
  release(key: number): boolean {
    const { head } = this;
    for (let next = this.items[this.head]; next !== undefined && next.key <= key; next = this.items[this.head]) {
      this.bytes -= next.bytes;
      this.head++;
    }
    const released = this.head > head;
    if (this.head === this.items.length) {
      this.items.length = 0;
      this.head = 0;
    } else if (this.head >= 1024) {
      this.items.splice(0, this.head);
      this.head = 0;
    }
    return released;
  }
}
