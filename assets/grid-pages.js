/**
 * The pictures that <ir-grid> shows, read page by page over plain HTTP.
 *
 * @typedef {import("./grid-tiles.js").Tile} Tile
 */
const PAGE = 60;
const PAGE_MAX = 200;
const FAULTS = { 401: "signed out" };

export class Pages {
  /** @type {Tile[]} */
  tiles = [];
  /** Everything that matches is here. */
  isDone = false;
  /** Nothing has been read yet. */
  isBusy = true;
  /** Why reading stopped: empty, "unread" or "signed out". */
  fault = "";
  #source;
  #changed;
  #filter = "";
  #next = "";
  #reading = null;
  #turn = 0; // answers to an earlier search or reading are thrown away
  #gone = new Set();

  /**
   * @param {string} source address of the JSON pages
   * @param {() => void} changed called whenever tiles, isDone, isBusy or fault did
   */
  constructor(source, changed) {
    [this.#source, this.#changed] = [source, changed];
  }

  /** Begin with the first page of a filter, given as a query string. */
  restart(filter) {
    this.stop();
    Object.assign(this, { tiles: [], isDone: false, isBusy: true, fault: "" });
    [this.#filter, this.#next] = [filter, ""];
    this.#changed();
    this.more();
  }

  /** Begin with a first page that is there already; `next` is empty when it is the last one. */
  begin(filter, tiles, next) {
    Object.assign(this, { tiles, isDone: !next, isBusy: false, fault: "" });
    [this.#filter, this.#next] = [filter, next];
    this.#changed();
  }

  /** Let what is under way come to nothing. */
  stop() {
    this.#turn += 1;
    this.#reading = null;
  }

  /** Read the next page, one at a time; undefined when there is none to read. */
  more(limit = PAGE) {
    if (this.isDone || this.fault) return undefined;
    return (this.#reading ??= this.#readOn(this.#turn, limit));
  }

  /** Read as far as this picture; ids are ordered as the pictures are made. */
  async reach(id, isWanted) {
    const isOldestFirst = new URLSearchParams(this.#filter).get("sort") === "oldest";
    const isPast = (last) => last && (isOldestFirst ? last >= id : last <= id);
    while (isWanted() && !isPast(this.tiles.at(-1)?.id)) {
      const reading = this.more(PAGE_MAX);
      if (!reading) return;
      await reading;
    }
  }

  /** Go on after a fault. */
  retry() {
    this.fault = "";
    this.#changed();
    this.more();
  }

  /** Read again what is shown, in place, because pictures came back or something changed elsewhere. */
  async reread() {
    this.stop();
    const turn = this.#turn;
    const wanted = Math.max(this.tiles.length, PAGE);
    let found = { tiles: [], next: "" };
    this.#gone.clear();
    try {
      do {
        const page = await this.#page(found.next, Math.min(PAGE_MAX, wanted - found.tiles.length + 1));
        found = { tiles: [...found.tiles, ...page.tiles], next: page.next };
      } while (found.next && found.tiles.length < wanted && turn === this.#turn);
    } catch {
      return;
    }
    if (turn === this.#turn) this.#take(found);
  }

  /** Forget pictures that left, also in answers that are still under way. */
  drop(ids) {
    for (const id of ids) this.#gone.add(id);
    this.tiles = this.#present(this.tiles);
    this.#changed();
  }

  async #readOn(turn, limit) {
    let [page, fault] = [{ tiles: [], next: this.#next }, ""];
    try {
      page = await this.#page(this.#next, limit);
    } catch ({ status }) {
      fault = FAULTS[status] ?? "unread";
    }
    if (turn === this.#turn) this.#take({ tiles: [...this.tiles, ...page.tiles], next: page.next }, fault);
  }

  #take({ tiles, next }, fault = "") {
    [this.#next, this.#reading] = [next, null];
    Object.assign(this, { tiles: this.#present(tiles), isDone: !next && !fault, isBusy: false, fault });
    this.#changed();
  }

  #present(tiles) {
    return tiles.filter((tile) => !this.#gone.has(tile.id));
  }

  async #page(after, limit) {
    const address = new URL(this.#source, location.href);
    address.search = new URLSearchParams([...new URLSearchParams(this.#filter), ["after", after], ["limit", limit]]);
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw Object.assign(new Error("unread"), { status: answer.status });
    return answer.json();
  }
}
