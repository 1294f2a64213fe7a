/**
 * Which pictures of <ir-grid> are chosen: some by id, or everything that the filter found except some.
 *
 * What is chosen as everything may never have been loaded; only the server knows how many that is.
 */
const HOLD_MS = 500;
const HOLD_PX = 10;

export class Choice {
  everything = false;
  /** @type {Set<string>} what is chosen, or with `everything` what is not */
  ids = new Set();
  #anchor = "";

  get isEmpty() {
    return !this.everything && !this.ids.size;
  }

  has(id) {
    return this.ids.has(id) !== this.everything;
  }

  toggle(id) {
    if (!this.ids.delete(id)) this.ids.add(id);
    this.#anchor = id;
  }

  /** Choose all from the one touched last to this one, in the order shown. */
  reach(tiles, id) {
    const [from, to] = [this.#anchor, id].map((each) => tiles.findIndex((tile) => tile.id === each));
    if (from < 0) return this.toggle(id);
    for (const tile of tiles.slice(Math.min(from, to), Math.max(from, to) + 1)) {
      if (!this.has(tile.id)) this.toggle(tile.id);
    }
    this.#anchor = id;
  }

  take() {
    [this.everything, this.ids] = [true, new Set()];
  }

  clear() {
    [this.everything, this.ids, this.#anchor] = [false, new Set(), ""];
  }

  /** What a verb needs to know, small enough for one message. */
  get detail() {
    const ids = [...this.ids].join(" ");
    return { everything: this.everything, ids: this.everything ? "" : ids, but: this.everything ? ids : "" };
  }
}

/** Call `held` with the box under a finger that stays; the click and the menu that follow are swallowed. */
export function followHolds(element, held) {
  let timer, start, isHeld;
  const stop = () => clearTimeout(timer);
  element.addEventListener("pointerdown", (event) => {
    isHeld = false;
    const box = event.target.closest(".box");
    if (event.pointerType !== "touch" || !box) return;
    start = event;
    timer = setTimeout(() => held(box.dataset.id, (isHeld = true)), HOLD_MS);
  });
  element.addEventListener("pointermove", (event) => {
    if (start && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > HOLD_PX) stop();
  });
  for (const name of ["pointerup", "pointercancel"]) element.addEventListener(name, stop);
  element.addEventListener("contextmenu", (event) => isHeld && event.preventDefault());
  element.addEventListener("click", (event) => isHeld && (event.preventDefault(), event.stopImmediatePropagation()), true);
}
