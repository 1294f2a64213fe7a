/**
 * <ir-grid>: a person's pictures in justified rows, fed by plain HTTP page by page, drawn only near the viewport.
 *
 * Attributes, all set by the page: `src` (JSON pages), `query`, `refresh` (a number; a new one reads everything shown so far
 * again), `gone` (id of a picture that left), `current` (id of the open one).
 * Events, named for React's on… props of custom elements: Open, Trash, Favourite (detail: id) and Loaded (detail: count text).
 */
const TARGET = { wide: 262, narrow: 190 };
const GAP = { wide: 6, narrow: 3 };
const NARROW_PX = 760;
const PAGE = 60;
const PAGE_MAX = 200;
const AHEAD_PX = 1400;
const EARLY = 24;

/** The first page is asked for while the page's own script still loads, and its first pictures with it. */
const early = new Map();
if (location.pathname.replace(/\/$/, "") === "/gallery") {
  const query = new URLSearchParams(location.search).get("q") ?? "";
  const address = pageAddress("/api/gallery", query, "", PAGE);
  const answer = fetch(address, { headers: { Accept: "application/json" } });
  early.set(address, answer);
  answer
    .then((response) => (response.ok ? response.clone().json() : { tiles: [] }))
    .then(({ tiles }) => {
      for (const tile of tiles.slice(0, EARLY)) new Image().src = tile.thumb;
    })
    .catch(() => {});
}

function pageAddress(source, query, after, limit) {
  const address = new URL(source, location.href);
  for (const [name, value] of Object.entries({ after, limit, q: query })) if (value) address.searchParams.set(name, value);
  return address.href;
}

class Grid extends HTMLElement {
  static observedAttributes = ["query", "refresh", "gone"];

  connectedCallback() {
    this.scroller = this.closest(".scroll");
    this.drawn = new Map();
    this.reset();
    this.onScroll = () => this.soon();
    this.scroller.addEventListener("scroll", this.onScroll, { passive: true });
    this.resizing = new ResizeObserver(() => this.relayout());
    this.resizing.observe(this);
    this.addEventListener("click", (event) => this.clicked(event));
    this.addEventListener("keydown", (event) => this.pressed(event));
    this.onStep = (event) => this.step(event);
    document.addEventListener("click", this.onStep);
    this.load();
  }

  disconnectedCallback() {
    this.scroller.removeEventListener("scroll", this.onScroll);
    document.removeEventListener("click", this.onStep);
    this.resizing.disconnect();
    this.turn += 1;
  }

  attributeChangedCallback(name, before, now) {
    if (!this.drawn || before === now) return;
    if (name === "query") this.restart();
    if (name === "refresh") this.reread();
    if (name === "gone") this.drop(now);
  }

  reset() {
    this.turn = (this.turn ?? 0) + 1;
    this.tiles = [];
    this.rows = [];
    this.next = "";
    this.isLoading = this.isDone = this.hasFailed = false;
    for (const box of this.drawn.values()) box.remove();
    this.drawn.clear();
  }

  restart() {
    this.reset();
    this.scroller.scrollTop = 0;
    const address = new URL(location.href);
    const query = this.getAttribute("query");
    if (query) address.searchParams.set("q", query);
    else address.searchParams.delete("q");
    history.replaceState(history.state, "", address);
    this.load();
  }

  /** Read one page; answers of an earlier search are thrown away. */
  async page(after, limit) {
    const address = pageAddress(this.getAttribute("src"), this.getAttribute("query") ?? "", after, limit);
    const begun = early.get(address);
    early.clear();
    const answer = await (begun ?? fetch(address, { headers: { Accept: "application/json" } }));
    if (answer.status === 401) location.assign("/sign-in?next=/gallery");
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  async load() {
    if (this.isLoading || this.isDone) return;
    const turn = this.turn;
    this.isLoading = true;
    this.hasFailed = false;
    try {
      const found = await this.page(this.next, PAGE);
      if (turn !== this.turn) return;
      this.tiles.push(...found.tiles);
      this.next = found.next;
      this.isDone = !found.next;
    } catch {
      if (turn === this.turn) this.hasFailed = true;
    }
    if (turn !== this.turn) return;
    this.isLoading = false;
    this.relayout();
    this.tell();
  }

  /** Read again what is shown, in place, because a picture came back or changed. */
  async reread() {
    const turn = (this.turn += 1);
    const wanted = Math.max(this.tiles.length, PAGE);
    const tiles = [];
    let next = "";
    try {
      do {
        const found = await this.page(next, Math.min(PAGE_MAX, wanted - tiles.length + 1));
        tiles.push(...found.tiles);
        next = found.next;
      } while (next && tiles.length < wanted);
    } catch {
      return;
    }
    if (turn !== this.turn) return;
    Object.assign(this, { tiles, next, isDone: !next, isLoading: false });
    this.relayout();
    this.tell();
  }

  drop(id) {
    const place = this.tiles.findIndex((tile) => tile.id === id);
    if (place < 0) return;
    const hadFocus = this.drawn.get(id)?.contains(document.activeElement);
    this.tiles.splice(place, 1);
    this.drawn.get(id)?.remove();
    this.drawn.delete(id);
    this.relayout();
    if (hadFocus) this.focusTile(Math.min(place, this.tiles.length - 1));
    this.tell();
  }

  tell() {
    const state = this.hasFailed ? "failed" : this.tiles.length ? "some" : "none";
    this.dispatchEvent(new CustomEvent("Loaded", { detail: state }));
  }

  /** Fill rows until they are no taller than the target, then scale them to the width; the last keeps the target. */
  relayout() {
    const width = this.clientWidth;
    if (!width) return;
    const size = width < NARROW_PX ? "narrow" : "wide";
    const [target, gap] = [TARGET[size], GAP[size]];
    this.rows = [];
    let [top, first, sum] = [0, 0, 0];
    this.tiles.forEach((tile, index) => {
      sum += tile.w / tile.h;
      const isLast = index === this.tiles.length - 1;
      const height = (width - gap * (index - first)) / sum;
      if (height > target && !isLast) return;
      const kept = isLast ? Math.min(height, target) : height;
      this.rows.push({ top, height: kept, first, last: index, gap });
      top += kept + gap;
      [first, sum] = [index + 1, 0];
    });
    this.style.height = `${Math.max(0, top - gap)}px`;
    this.draw();
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  /** Put the tiles near the viewport into the DOM, in reading order, and take the others out. */
  draw() {
    if (!this.isConnected) return;
    const offset = this.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
    const [from, to] = [-offset - AHEAD_PX, -offset + this.scroller.clientHeight + AHEAD_PX];
    const wanted = new Set();
    let before = null;
    for (const row of this.rows) {
      if (row.top + row.height < from || row.top > to) continue;
      let left = 0;
      for (let index = row.first; index <= row.last; index += 1) {
        const tile = this.tiles[index];
        const width = (row.height * tile.w) / tile.h;
        const box = this.drawn.get(tile.id) ?? this.build(tile);
        Object.assign(box.style, {
          transform: `translate(${left}px, ${row.top}px)`,
          width: `${width}px`,
          height: `${row.height}px`,
        });
        this.mark(box, tile);
        const after = before ? before.nextSibling : this.firstChild;
        if (after !== box) this.insertBefore(box, after);
        before = box;
        wanted.add(tile.id);
        left += width + row.gap;
      }
    }
    for (const [id, box] of this.drawn) {
      if (wanted.has(id) || box.contains(document.activeElement)) continue;
      box.remove();
      this.drawn.delete(id);
    }
    if (this.clientHeight < to && !this.hasFailed) this.load();
  }

  build(tile) {
    const box = document.createElement("div");
    box.setAttribute("role", "listitem");
    box.className = "box";
    const link = document.createElement("a");
    link.className = "tile";
    link.href = `/gallery?image=${tile.id}`;
    link.dataset.id = tile.id;
    link.setAttribute("aria-label", tile.prompt);
    link.style.backgroundColor = tile.colour;
    const image = new Image();
    Object.assign(image, { alt: "", loading: "lazy", decoding: "async", src: tile.thumb });
    const words = document.createElement("span");
    words.className = "ovl";
    words.textContent = tile.prompt;
    words.dir = "auto";
    const heart = document.createElement("span");
    heart.className = "fav";
    heart.innerHTML =
      '<svg class="i" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 20.5 4.6 13A4.9 4.9 0 0 1 12 6.6 4.9 4.9 0 0 1 19.4 13Z"/></svg>';
    link.append(image, words, heart);
    box.append(link);
    this.drawn.set(tile.id, box);
    return box;
  }

  mark(box, tile) {
    box.classList.toggle("favourite", tile.favourite);
  }

  clicked(event) {
    const link = event.target.closest("a.tile");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.send("Open", link.dataset.id);
  }

  pressed(event) {
    const id = event.target.closest("a.tile")?.dataset.id;
    const place = this.tiles.findIndex((tile) => tile.id === id);
    if (place < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: place - 1, ArrowRight: place + 1, ArrowUp: this.above(place, -1), ArrowDown: this.above(place, 1) };
    if (event.key in moves) {
      event.preventDefault();
      this.focusTile(moves[event.key]);
    }
    if (event.key === "Delete") this.send("Trash", id);
    if (event.key === "f") this.send("Favourite", id);
  }

  /** The tile of the row above or below whose middle is nearest. */
  above(place, way) {
    const at = this.rows.findIndex((row) => place >= row.first && place <= row.last);
    const row = this.rows[at + way];
    if (!row) return place;
    const share = (place - this.rows[at].first + 0.5) / (this.rows[at].last - this.rows[at].first + 1);
    return row.first + Math.floor(share * (row.last - row.first + 1));
  }

  focusTile(place) {
    const tile = this.tiles[place];
    const row = this.rows.find((each) => place >= each.first && place <= each.last);
    if (!tile || !row) return;
    const top = this.scroller.scrollTop + this.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top + row.top;
    if (top < this.scroller.scrollTop || top + row.height > this.scroller.scrollTop + this.scroller.clientHeight) {
      this.scroller.scrollTop = Math.max(0, top - 80);
    }
    this.draw();
    this.drawn.get(tile.id)?.querySelector("a").focus({ preventScroll: true });
  }

  /** Previous and next of the open picture: buttons anywhere with data-grid-step. */
  step(event) {
    const button = event.target.closest?.("[data-grid-step]");
    if (!button) return;
    const place = this.tiles.findIndex((tile) => tile.id === this.getAttribute("current"));
    const wanted = this.tiles[place + Number(button.dataset.gridStep)];
    if (place < 0 || !wanted) return;
    if (place + 5 > this.tiles.length) this.load();
    this.send("Open", wanted.id);
  }

  send(name, id) {
    this.dispatchEvent(new CustomEvent(name, { detail: id }));
  }
}

customElements.define("ir-grid", Grid);
