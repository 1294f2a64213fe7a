/**
 * <ir-film>: what surrounds the open picture: its place among the others, a step back and forth, and the strip of neighbours.
 *
 * The order is the grid's, which it asks. Attributes: `current` (id of the open picture), `total` (how many there are).
 * Event: ir-open {id}.
 */
const SIDE = 7;
const SWIPE_PX = 50;
const ENLARGED = 1.05;
const PARTS = document.createElement("template");
PARTS.innerHTML =
  '<span class="place small q3" role="status"></span>' +
  '<button type="button" class="step previous" aria-label="Previous picture" title="Previous picture" data-hotkey="ArrowLeft">' +
  '<svg class="i" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">' +
  '<path d="M19 12H5m7 7-7-7 7-7"/></svg></button>' +
  '<button type="button" class="step next" aria-label="Next picture" title="Next picture" data-hotkey="ArrowRight">' +
  '<svg class="i" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">' +
  '<path d="M5 12h14m-7-7 7 7-7 7"/></svg></button>' +
  '<div class="strip-f" role="group" aria-label="Filmstrip"></div>';

class Film extends HTMLElement {
  static observedAttributes = ["current", "total"];

  connectedCallback() {
    this.replaceChildren(PARTS.content.cloneNode(true));
    [this.place, this.previous, this.next, this.strip] = this.children;
    this.grid = document.querySelector("ir-grid");
    this.onTiles = () => this.#draw();
    this.grid?.addEventListener("ir-tiles", this.onTiles);
    this.onclick = this.#clicked;
    this.stage = this.parentElement;
    this.onTouch = (event) => this.#swiped(event);
    this.stage.addEventListener("touchstart", this.onTouch, { passive: true });
    this.#draw();
  }

  disconnectedCallback() {
    this.grid?.removeEventListener("ir-tiles", this.onTiles);
    this.stage.removeEventListener("touchstart", this.onTouch);
  }

  attributeChangedCallback(name, before, now) {
    // Several quick steps are answered one by one: the last one asked for is where the person is.
    if (name === "current" && now === this.asked) this.asked = undefined;
    if (this.strip && before !== now) this.#draw();
  }

  /**
   * A finger that went far across and little down steps to the neighbour; in an enlarged page it moves the page. It lifts
   * where it was put, which may be a picture that made way for the next meanwhile and stands in no page any more.
   */
  #swiped({ type, target, touches, changedTouches: [{ clientX, clientY }] }) {
    const isAlone = touches.length === 1 && visualViewport.scale < ENLARGED;
    if (type === "touchstart") {
      this.finger = isAlone ? { clientX, clientY } : undefined;
      target.addEventListener("touchend", this.onTouch, { passive: true, once: true });
    } else if (this.finger) {
      const [across, down] = [clientX - this.finger.clientX, clientY - this.finger.clientY];
      if (Math.abs(across) > SWIPE_PX && Math.abs(across) > 2 * Math.abs(down)) (across < 0 ? this.next : this.previous).click();
    }
  }

  #clicked(event) {
    const id = event.target.closest("[data-id]")?.dataset.id;
    if (!id || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    this.asked = id;
    this.dispatchEvent(new CustomEvent("ir-open", { detail: { id }, cancelable: true }));
    this.#draw();
  }

  #draw() {
    const tiles = this.grid?.tiles ?? [];
    const placeOf = (wanted) => tiles.findIndex(({ id }) => id === wanted);
    // What was asked for may turn out to be gone: then the open picture is where the person is.
    const at = placeOf(placeOf(this.asked) < 0 ? this.getAttribute("current") : this.asked);
    const total = Math.max(Number(this.getAttribute("total")), tiles.length);
    const [before, after] = at < 0 ? [] : [tiles[at - 1], tiles[at + 1]];
    this.place.textContent = at < 0 ? "" : `${(at + 1).toLocaleString("en")} of ${total.toLocaleString("en")}`;
    this.#point(this.previous, before);
    this.#point(this.next, after);
    this.strip.replaceChildren(...tiles.slice(Math.max(0, at - SIDE), at + SIDE + 1).map((tile) => this.#frame(tile, tile === tiles[at])));
    const shown = this.strip.querySelector("[aria-current]");
    if (shown) this.strip.scrollLeft = shown.offsetLeft - (this.strip.clientWidth - shown.offsetWidth) / 2;
    if (after) new Image().src = `/media/${after.id}/960`;
    if (at >= 0 && at + SIDE >= tiles.length) this.grid.more();
  }

  #point(button, tile) {
    button.ariaDisabled = String(!tile);
    if (tile) button.dataset.id = tile.id;
    else delete button.dataset.id;
  }

  /** One neighbour; not in the tab order, because the arrows lead there. */
  #frame(tile, isCurrent) {
    const link = Object.assign(document.createElement("a"), { href: `/gallery?image=${tile.id}`, tabIndex: -1 });
    link.dataset.id = tile.id;
    link.setAttribute("aria-label", tile.prompt);
    if (isCurrent) link.setAttribute("aria-current", "true");
    link.style.backgroundColor = tile.colour;
    link.append(Object.assign(new Image(tile.w, tile.h), { alt: "", decoding: "async", src: `/media/${tile.id}/320` }));
    return link;
  }
}

customElements.define("ir-film", Film);
