/**
 * <ir-compare>: two to four pictures side by side that zoom and move together.
 *
 * It sets --k (how many times enlarged), --x and --y (how far moved, as shares of a frame) on itself; the pictures inside
 * follow by style. Wheel, two fingers, double click, dragging; keys: + and -, arrows, 0.
 */
const MOST = 12;
const STEP = 1.25;
const MOVE = 0.1;
const MOVES = { ArrowLeft: [MOVE, 0], ArrowRight: [-MOVE, 0], ArrowUp: [0, MOVE], ArrowDown: [0, -MOVE] };

class Compare extends HTMLElement {
  #view = { k: 1, x: 0, y: 0 };
  #fingers = new Map();

  connectedCallback() {
    this.tabIndex = 0;
    this.onwheel = (event) => (event.preventDefault(), this.#zoom(event.deltaY < 0 ? STEP : 1 / STEP, this.#share(event)));
    this.ondblclick = (event) => (this.#view.k > 1 ? this.#reset() : this.#zoom(3, this.#share(event)));
    this.onpointerdown = this.#down;
    this.onpointermove = this.#moved;
    this.onpointerup = this.onpointercancel = ({ pointerId }) => this.#fingers.delete(pointerId);
    this.onkeydown = this.#pressed;
    this.#show();
  }

  /** Where in its frame a pointer is, as shares from the middle. */
  #share({ target, clientX, clientY }) {
    const box = (target.closest?.(".cmp-frame") ?? this.querySelector(".cmp-frame")).getBoundingClientRect();
    return [(clientX - box.left) / box.width - 0.5, (clientY - box.top) / box.height - 0.5];
  }

  #zoom(factor, [atX, atY] = [0, 0]) {
    const { k, x, y } = this.#view;
    const next = Math.min(MOST, Math.max(1, k * factor));
    // What lies under the pointer stays under it.
    this.#view = { k: next, x: atX - ((atX - x) * next) / k, y: atY - ((atY - y) * next) / k };
    this.#show();
  }

  #move(byX, byY) {
    this.#view.x += byX;
    this.#view.y += byY;
    this.#show();
  }

  #reset() {
    this.#view = { k: 1, x: 0, y: 0 };
    this.#show();
  }

  #show() {
    const view = this.#view;
    const far = (view.k - 1) / 2;
    for (const axis of ["x", "y"]) view[axis] = Math.min(far, Math.max(-far, view[axis]));
    this.style.setProperty("--k", view.k);
    this.style.setProperty("--x", `${view.x * 100}%`);
    this.style.setProperty("--y", `${view.y * 100}%`);
    this.dataset.zoom = `${Math.round(view.k * 100)}%`;
  }

  #down(event) {
    if (!event.target.closest(".cmp-frame")) return;
    event.preventDefault();
    this.focus({ preventScroll: true });
    this.setPointerCapture(event.pointerId);
    this.frame = event.target.closest(".cmp-frame");
    this.#fingers.set(event.pointerId, event);
  }

  #moved(event) {
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    const box = this.frame.getBoundingClientRect();
    const other = [...this.#fingers.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    if (other) {
      const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY);
      const middle = { clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2, target: this.frame };
      this.#zoom(apart(event) / Math.max(1, apart(before)), this.#share(middle));
    } else this.#move((event.clientX - before.clientX) / box.width, (event.clientY - before.clientY) / box.height);
    this.#fingers.set(event.pointerId, event);
  }

  #pressed(event) {
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (MOVES[key]) this.#move(...MOVES[key]);
    else if (key === "+" || key === "=") this.#zoom(STEP);
    else if (key === "-") this.#zoom(1 / STEP);
    else if (key === "0") this.#reset();
    else return;
    event.preventDefault();
  }
}

customElements.define("ir-compare", Compare);
