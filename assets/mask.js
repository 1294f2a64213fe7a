/**
 * <ir-mask>: a person paints over a picture what should change; the mask goes to our upload route, its id to the page.
 *
 * Attributes: `src` (the picture), `width`, `height` (its pixels), `name` (what it shows). Event: ir-done {id}.
 * A mask is a list of steps (strokes, invert, clear) that can be undone; they are drawn on a canvas of at most WORK_PX
 * pixels and enlarged only when the mask is sent: 8-bit grey, exactly the picture's size, 255 where it may change.
 */
import { encodeGrey, soften } from "./mask-png.js";

const WORK_PX = 2_000_000;
const ZOOM_MAX = 8;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ICONS = {
  brush:
    '<path d="m11 10 3 3"/><path d="M6.5 21A3.5 3.5 0 1 0 3 17.5a2.62 2.62 0 0 1-.708 1.792A1 1 0 0 0 3 21z"/><path d="M9.969 17.031 21.378 5.624a1 1 0 0 0-3.002-3.002L6.967 14.031"/>',
  eraser:
    '<path d="M21 21H8a2 2 0 0 1-1.42-.587l-3.994-3.999a2 2 0 0 1 0-2.828l10-10a2 2 0 0 1 2.829 0l5.999 6a2 2 0 0 1 0 2.828L12.834 21"/><path d="m5.082 11.09 8.828 8.828"/>',
  undo: '<path d="M9 14 4 9l5-5"/><path d="M4 9h10.5a5.5 5.5 0 0 1 0 11H11"/>',
  redo: '<path d="m15 14 5-5-5-5"/><path d="M20 9H9.5a5.5 5.5 0 0 0 0 11H13"/>',
  in: '<circle cx="11" cy="11" r="8"/><path d="m21 21-4.3-4.3M11 8v6M8 11h6"/>',
  out: '<circle cx="11" cy="11" r="8"/><path d="m21 21-4.3-4.3M8 11h6"/>',
};

function icon(name) {
  return `<svg class="i" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${ICONS[name]}</svg>`;
}

function tool(name, label, more = 'tabindex="-1"') {
  return `<button type="button" class="ib" data-do="${name}" aria-label="${label}" title="${label}" ${more}>${icon(name)}</button>`;
}

const INSIDE = `
<div class="cv">
  <div class="im"><img alt="" draggable="false"><canvas class="ov" tabindex="0" role="application" aria-describedby="mask-help"></canvas><i class="ring" hidden></i></div>
  <div class="tool" role="toolbar" aria-label="Mask tools">
    ${tool("brush", "Brush", 'aria-pressed="true"')}${tool("eraser", "Eraser", 'aria-pressed="false" tabindex="-1"')}
    <span class="v"></span>
    <label class="row"><span class="small q2">Size</span><input type="range" class="range size" min="4" max="400" step="2"><span class="small px"></span></label>
    <span class="v"></span>
    ${tool("undo", "Undo stroke")}${tool("redo", "Redo stroke")}${tool("out", "Zoom out")}${tool("in", "Zoom in")}
    <button type="button" class="btn bare sm" data-do="invert" tabindex="-1">Invert</button><button type="button" class="btn bare sm" data-do="clear" tabindex="-1">Clear</button>
  </div>
</div>
<div class="ft">
  <div class="edge"><span class="row between"><span class="flabel">Edge</span><span class="small q2 soft"></span></span><input type="range" class="range feather" min="0" max="64" step="2" value="12"></div>
  <button type="button" class="btn go" data-do="done">Use this mask</button>
  <p class="small q3 share" role="status"></p>
  <p class="small bad" role="alert"></p>
  <p class="sr" id="mask-help">Arrow keys move the cursor, with Shift further. Hold Space and move to paint. B is the brush, E the eraser, brackets change the size, I inverts, plus and minus zoom, Control Z undoes.</p>
</div>`;

class MaskEditor extends HTMLElement {
  #steps = [];
  #undone = [];
  #tool = "brush";
  #stroke = null;
  #cursor = null; // in shares of the picture, moved by keys
  #view = { zoom: 1, x: 0, y: 0 };
  #pointers = new Map();
  #pinch = null;

  connectedCallback() {
    this.innerHTML = INSIDE;
    this.wide = Number(this.getAttribute("width")) || 1;
    this.high = Number(this.getAttribute("height")) || 1;
    const share = Math.min(1, Math.sqrt(WORK_PX / (this.wide * this.high)));
    this.mask = document.createElement("canvas");
    this.shown = this.querySelector("canvas");
    for (const canvas of [this.mask, this.shown]) {
      canvas.width = Math.max(1, Math.round(this.wide * share));
      canvas.height = Math.max(1, Math.round(this.high * share));
    }
    this.work = this.mask.getContext("2d", { willReadFrequently: true });
    this.frame = this.querySelector(".im");
    this.ring = this.querySelector(".ring");
    this.size = this.querySelector(".size");
    this.feather = this.querySelector(".feather");
    this.querySelector("img").src = this.getAttribute("src");
    this.shown.setAttribute("aria-label", `Mask over: ${this.getAttribute("name")}`);
    this.size.value = Math.round(Math.min(this.wide, this.high) / 8);
    this.#listen();
    this.#label();
    this.#draw();
    this.resizing = new ResizeObserver(() => this.#fit());
    this.resizing.observe(this.querySelector(".cv"));
  }

  disconnectedCallback() {
    this.resizing?.disconnect();
  }

  #listen() {
    this.onclick = ({ target }) => this.#act(target.closest("[data-do]")?.dataset.do);
    this.bar = this.querySelector("[role=toolbar]");
    this.bar.onkeydown = (event) => this.#walk(event);
    this.bar.onfocusin = ({ target }) => target.matches("button") && this.#rove(target);
    this.size.oninput = this.feather.oninput = () => this.#label();
    this.shown.onkeydown = (event) => this.#pressed(event);
    this.shown.onkeyup = (event) => event.key === " " && this.#end();
    this.shown.onblur = () => this.#end();
    this.shown.onpointerdown = (event) => this.#down(event);
    this.shown.onpointermove = (event) => this.#move(event);
    this.shown.onpointerup = this.shown.onpointercancel = (event) => this.#up(event);
    this.shown.onpointerleave = () => this.#stroke || this.#pointers.size || this.#ringAt(null);
    this.shown.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  // --- The frame: the picture as large as there is room, zoomed and moved. ---

  #fit() {
    const room = this.querySelector(".cv").getBoundingClientRect();
    const share = Math.min((room.width - 48) / this.wide, (room.height - 132) / this.high);
    this.frame.style.width = `${Math.max(40, this.wide * share)}px`;
    this.frame.style.height = `${Math.max(40, this.high * share)}px`;
    this.#look(this.#view);
  }

  #look({ zoom, x, y }) {
    zoom = Math.min(ZOOM_MAX, Math.max(1, zoom));
    const [mostX, mostY] = [(this.frame.offsetWidth * (zoom - 1)) / 2, (this.frame.offsetHeight * (zoom - 1)) / 2];
    const held = (value, most) => Math.min(most, Math.max(-most, value));
    this.#view = { zoom, x: held(x, mostX), y: held(y, mostY) };
    this.frame.style.transform = `translate(${this.#view.x}px,${this.#view.y}px) scale(${zoom})`;
    this.style.setProperty("--zoom", zoom);
  }

  #zoom(factor, at = null) {
    const { zoom, x, y } = this.#view;
    const to = Math.min(ZOOM_MAX, Math.max(1, zoom * factor));
    const box = this.querySelector(".cv").getBoundingClientRect();
    const [dx, dy] = at ? [at.x - box.left - box.width / 2, at.y - box.top - box.height / 2] : [0, 0];
    this.#look({ zoom: to, x: dx - ((dx - x) * to) / zoom, y: dy - ((dy - y) * to) / zoom });
  }

  #wheel(event) {
    event.preventDefault();
    this.#zoom(Math.exp(-event.deltaY / 400), { x: event.clientX, y: event.clientY });
  }

  // --- Painting. Points are shares of the picture, sizes its pixels. ---

  #at(event) {
    const box = this.shown.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  #down(event) {
    if (event.button > 1) return;
    this.shown.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.#pointers.size === 2) this.#startPinch();
    else if (event.button === 1) this.#pinch = { ...this.#view, from: [event.clientX, event.clientY], gap: 0 };
    else if (this.#pointers.size === 1) this.#begin(this.#at(event));
  }

  #move(event) {
    if (this.#pointers.has(event.pointerId)) this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.#pinch) this.#followPinch();
    else if (this.#stroke) for (const each of event.getCoalescedEvents?.() ?? [event]) this.#extend(this.#at(each));
    this.#ringAt(this.#at(event));
  }

  #up(event) {
    this.#pointers.delete(event.pointerId);
    if (this.#pointers.size < 2) this.#pinch = null;
    this.#end();
    if (event.pointerType === "touch") this.#ringAt(null);
  }

  // A second finger zooms and moves; what the first had begun to paint was not meant.
  #startPinch() {
    this.#stroke = null;
    this.#draw();
    const [[ax, ay], [bx, by]] = this.#pointers.values();
    this.#pinch = { ...this.#view, from: [(ax + bx) / 2, (ay + by) / 2], gap: Math.hypot(ax - bx, ay - by) };
  }

  #followPinch() {
    const { zoom, x, y, from, gap } = this.#pinch;
    const [[ax, ay], [bx, by] = [ax, ay]] = this.#pointers.values();
    const grown = gap ? Math.hypot(ax - bx, ay - by) / gap : 1;
    this.#look({ zoom: zoom * grown, x: x + (ax + bx) / 2 - from[0], y: y + (ay + by) / 2 - from[1] });
  }

  #begin(point) {
    this.#stroke = { kind: this.#tool, size: Number(this.size.value), points: [point] };
    this.#draw();
  }

  #extend(point) {
    this.#stroke.points.push(point);
    this.#draw();
  }

  #end() {
    if (!this.#stroke) return;
    this.#add(this.#stroke);
    this.#stroke = null;
    this.#draw();
  }

  #add(step) {
    this.#steps.push(step);
    this.#undone = [];
  }

  #apply(step) {
    const { work, mask } = this;
    work.globalCompositeOperation = { brush: "source-over", eraser: "destination-out", invert: "xor", clear: "destination-out" }[step.kind];
    if (!step.points) {
      work.fillRect(0, 0, mask.width, mask.height);
      return;
    }
    const wide = (step.size * mask.width) / this.wide;
    const [[x, y], ...rest] = step.points.map(([right, down]) => [right * mask.width, down * mask.height]);
    work.beginPath();
    work.arc(x, y, wide / 2, 0, 2 * Math.PI); // a line of no length would not be drawn
    work.fill();
    Object.assign(work, { lineCap: "round", lineJoin: "round", lineWidth: wide });
    work.beginPath();
    work.moveTo(x, y);
    for (const point of rest) work.lineTo(...point);
    work.stroke();
  }

  #draw() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.#paint();
      this.#show();
    });
  }

  #paint() {
    this.work.globalCompositeOperation = "source-over";
    this.work.clearRect(0, 0, this.mask.width, this.mask.height);
    for (const step of [...this.#steps, ...(this.#stroke ? [this.#stroke] : [])]) this.#apply(step);
  }

  #show() {
    const show = this.shown.getContext("2d");
    show.globalCompositeOperation = "source-over";
    show.clearRect(0, 0, this.shown.width, this.shown.height);
    show.drawImage(this.mask, 0, 0);
    show.globalCompositeOperation = "source-in";
    show.fillStyle = this.#hatch(show);
    show.fillRect(0, 0, this.shown.width, this.shown.height);
    this.#tell();
  }

  #hatch(show) {
    const [tile, side] = [document.createElement("canvas"), Math.max(6, Math.round(this.shown.width / 90))];
    tile.width = tile.height = side;
    const draw = tile.getContext("2d");
    draw.fillStyle = "rgb(255 200 31 / .5)";
    draw.fillRect(0, 0, side, side);
    draw.strokeStyle = "rgb(21 23 26 / .4)";
    draw.lineWidth = side / 5;
    for (const shift of [-side, 0, side]) {
      draw.beginPath();
      draw.moveTo(shift, side);
      draw.lineTo(shift + side, 0);
      draw.stroke();
    }
    return show.createPattern(tile, "repeat");
  }

  // --- Words: how much is marked, what is going on. ---

  get share() {
    const { data } = this.work.getImageData(0, 0, this.mask.width, this.mask.height);
    let marked = 0;
    for (let place = 3; place < data.length; place += 4 * 16) marked += data[place] > 127;
    return marked / Math.ceil(data.length / 64);
  }

  #tell() {
    if (this.#stroke) return;
    const percent = this.share * 100;
    const marked = percent > 0 && percent < 1 ? "Less than 1" : Math.round(percent);
    this.isEmpty = percent === 0;
    this.querySelector(".share").textContent = `${marked} % of the picture is marked. Nothing is sent to a company until you press Generate.`;
    // Not `disabled`: what has the focus, or the tool bar's place in the tab order, must not lose it.
    this.querySelector("[data-do=undo]").ariaDisabled = String(!this.#steps.length);
    this.querySelector("[data-do=redo]").ariaDisabled = String(!this.#undone.length);
    this.querySelector("[data-do=done]").disabled = this.isEmpty;
  }

  #label() {
    const [size, edge] = [Number(this.size.value), Number(this.feather.value)];
    this.size.setAttribute("aria-label", `Brush size, ${size} pixels`);
    this.feather.setAttribute("aria-label", `Edge softness, ${edge} pixels`);
    this.querySelector(".px").textContent = `${size} px`;
    this.querySelector(".soft").textContent = edge ? `Soft, ${edge} px` : "Hard";
    for (const range of [this.size, this.feather]) {
      range.style.setProperty("--v", `${((range.value - range.min) / (range.max - range.min)) * 100}%`);
    }
    if (this.#cursor) this.#ringAt(this.#cursor);
  }

  #ringAt(point) {
    this.ring.hidden = !point;
    if (!point) return;
    const side = (Number(this.size.value) / this.wide) * this.frame.offsetWidth;
    Object.assign(this.ring.style, { width: `${side}px`, height: `${side}px`, left: `${point[0] * 100}%`, top: `${point[1] * 100}%` });
  }

  // --- Keys: the whole editor without a pointer. ---

  #pressed(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "Escape" || key === "Tab") return;
    event.stopPropagation(); // the page's own letters rest while somebody paints
    const isDone = event.ctrlKey || event.metaKey ? this.#command(key, event.shiftKey) : this.#letter(key, event);
    if (isDone) event.preventDefault();
  }

  #command(key, isShifted) {
    if (key === "z") this.#act(isShifted ? "redo" : "undo");
    else if (key === "y") this.#act("redo");
    else return false;
    return true;
  }

  #letter(key, event) {
    const act = { b: "brush", e: "eraser", i: "invert", "+": "in", "=": "in", "-": "out" }[key];
    if (act) this.#act(act);
    else if (key in MOVES) this.#step(MOVES[key], event.shiftKey ? 4 : 1);
    else if (key === "[" || key === "]") this.#resize(key === "]" ? 1.2 : 1 / 1.2);
    else if (key === " ") this.#stroke || this.#begin(this.#here());
    else return false;
    return true;
  }

  #here() {
    this.#cursor ??= [0.5, 0.5];
    this.#ringAt(this.#cursor);
    return [...this.#cursor];
  }

  #step([right, down], times) {
    const [x, y] = this.#here();
    const pixels = Math.max(4, Number(this.size.value) / 2) * times;
    const held = (value) => Math.min(1, Math.max(0, value));
    this.#cursor = [held(x + (right * pixels) / this.wide), held(y + (down * pixels) / this.high)];
    this.#ringAt(this.#cursor);
    if (this.#stroke) this.#extend([...this.#cursor]);
  }

  /** The buttons of the tool bar are one stop of Tab, and arrow keys lead along them; the slider keeps its own arrows. */
  #walk(event) {
    if (!event.target.matches("button") || event.ctrlKey || event.metaKey || event.altKey) return;
    const buttons = [...this.bar.querySelectorAll("button")];
    const at = buttons.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    buttons.at(to % buttons.length).focus();
  }

  #rove(button) {
    for (const each of this.bar.querySelectorAll("button")) each.tabIndex = each === button ? 0 : -1;
  }

  #resize(factor) {
    this.size.value = Math.round(Number(this.size.value) * factor);
    this.#label();
  }

  // --- Buttons. ---

  #act(name) {
    if (!name || this.isSending) return;
    if (name === "brush" || name === "eraser") this.#choose(name);
    else if (name === "in" || name === "out") this.#zoom(name === "in" ? 1.5 : 1 / 1.5);
    else if (name === "done") this.#send();
    else if (name === "undo" && this.#steps.length) this.#undone.push(this.#steps.pop());
    else if (name === "redo" && this.#undone.length) this.#steps.push(this.#undone.pop());
    else if (name === "invert" || name === "clear") this.#add({ kind: name });
    this.#draw();
  }

  #choose(name) {
    this.#tool = name;
    for (const each of ["brush", "eraser"]) this.querySelector(`[data-do=${each}]`).setAttribute("aria-pressed", each === name);
  }

  // --- Sending. ---

  async #send() {
    const fault = this.querySelector("[role=alert]");
    const button = this.querySelector("[data-do=done]");
    fault.textContent = "";
    this.isSending = true;
    button.setAttribute("aria-busy", "true");
    try {
      const id = await upload(await this.#file());
      this.dispatchEvent(new CustomEvent("ir-done", { detail: { id, shown: 0, done: true }, cancelable: true }));
    } catch (error) {
      fault.textContent = error.forPeople ?? "The mask could not be sent. It is still here; try again.";
    } finally {
      this.isSending = false;
      button.removeAttribute("aria-busy");
    }
  }

  async #file() {
    const { width, height } = this.mask;
    const { data } = this.work.getImageData(0, 0, width, height);
    const radius = (Number(this.feather.value) * width) / this.wide / 2;
    const grey = soften(Uint8Array.from({ length: width * height }, (_, place) => data[place * 4 + 3]), width, height, radius);
    return encodeGrey(grey, width, height, this.wide, this.high);
  }
}

async function upload(file) {
  const headers = { "Content-Type": "image/png", "X-Requested-With": "imageroute", Accept: "application/json" };
  const answer = await fetch("/api/upload?kind=mask", { method: "POST", headers, body: file });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok || !told.id) throw Object.assign(new Error("refused"), { forPeople: told.message ?? told.error?.message });
  return told.id;
}

customElements.define("ir-mask", MaskEditor);
