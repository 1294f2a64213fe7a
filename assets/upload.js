/** <ir-upload>: takes pictures that are dropped on the page, pasted, or chosen, and sends each to our own route.
 *
 * It tells "ir-uploaded" with the id of a picture that came in, and "ir-recipe" with the answer to a recipe or to a file
 * of ours that holds one. What goes wrong stands inside it, in the server's words. Any [data-upload-choose] opens the choice.
 */

const BYTES_MAX = 20 * 1024 * 1024;
const FILES_MAX = 8;
const OURS = "imageroute";
const RECIPE = "imageroute:recipe"; // stands in the packet of our own files that carry their settings
const LOOK_BYTES = 256 * 1024; // how far from either end of a file the packet lies
const FAILED = "This file could not be sent. Check your connection and try again.";

async function mayHoldRecipe(file) {
  const ends = new Blob([file.slice(0, LOOK_BYTES), file.slice(-LOOK_BYTES)]);
  return new TextDecoder("latin1").decode(await ends.arrayBuffer()).includes(RECIPE);
}

/** Send a file; resolves with status and JSON answer, and reports the share that has left. */
function send(path, file, headers, onShare) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    call.open("POST", path);
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    call.responseType = "json";
    call.upload.onprogress = (event) => event.lengthComputable && onShare(event.loaded / event.total);
    call.onload = () => resolve({ status: call.status, told: call.response ?? {} });
    call.onerror = () => reject(new Error("unsent"));
    call.send(file);
  });
}

class Upload extends HTMLElement {
  #stop = null;
  #depth = 0;
  #why = ""; // the last file was refused, in words

  connectedCallback() {
    this.#stop = new AbortController();
    const options = { signal: this.#stop.signal };
    document.addEventListener("click", (event) => event.target.closest?.("[data-upload-choose]") && this.#choose(), options);
    document.addEventListener("paste", (event) => this.#onPaste(event), options);
    document.addEventListener("dragenter", (event) => this.#onDrag(event, 1), options);
    document.addEventListener("dragleave", (event) => this.#onDrag(event, -1), options);
    document.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault(), options);
    document.addEventListener("drop", (event) => this.#onDrop(event), options);
    document.addEventListener("submit", () => this.#say(""), options); // whoever goes on has read it
  }

  disconnectedCallback() {
    this.#stop.abort();
    document.documentElement.removeAttribute("data-dragging");
  }

  #choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    input.accept = "image/png,image/jpeg,image/webp,image/avif,image/gif,application/json,.json";
    input.addEventListener("change", () => this.take([...input.files]));
    input.click();
  }

  #onPaste(event) {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    if (!files.length) return;
    event.preventDefault();
    this.take(files);
  }

  #onDrag(event, step) {
    if (!hasFiles(event)) return;
    this.#depth = Math.max(0, this.#depth + step);
    document.documentElement.toggleAttribute("data-dragging", this.#depth > 0);
  }

  #onDrop(event) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    this.#depth = 0;
    document.documentElement.removeAttribute("data-dragging");
    this.take([...event.dataTransfer.files]);
  }

  /** Send files one after the other, so that they keep their order; one that is refused keeps no other back. */
  async take(files) {
    if (files.length > FILES_MAX) return this.#say(`Choose at most ${FILES_MAX} files at once.`, true);
    const refused = [];
    for (const file of files) {
      this.#why = "";
      const isTaken = await this.#one(file).catch(() => this.#refuse(FAILED));
      if (!isTaken) refused.push(files.length > 1 ? `${file.name}: ${this.#why}` : this.#why);
    }
    return this.#say(refused.join("\n"), true);
  }

  #refuse(words) {
    this.#why = words;
    return false;
  }

  async #one(file) {
    if (file.type === "application/json" || file.name.toLowerCase().endsWith(".json")) return this.#restore(file);
    if ((await mayHoldRecipe(file)) && (await this.#restore(file, true))) return true;
    if (file.size > BYTES_MAX) {
      const size = (file.size / 1024 / 1024).toFixed(1);
      return this.#refuse(`This file has ${size} MB; 20 MB is the most. Save it smaller and try again.`);
    }
    const headers = { "X-Requested-With": OURS, "X-File-Name": encodeURIComponent(file.name), Accept: "application/json" };
    const share = (part) => this.#say(`Sending ${file.name || "a picture"}: ${Math.round(part * 100)} %`);
    const { status, told } = await send("/api/upload", file, headers, share);
    if (status !== 201) return this.#refuse(told.error?.message ?? FAILED);
    return this.#tell("ir-uploaded", told.id);
  }

  /** Put the settings of a recipe back; a picture that holds none is an upload like any other. */
  async #restore(file, isPicture = false) {
    const { status, told } = await send("/api/recipe", file, { Accept: "application/json" }, () => {});
    if (status === 200) return this.#tell("ir-recipe", JSON.stringify(told));
    return !isPicture && this.#refuse(told.error?.message ?? FAILED);
  }

  #tell(name, id) {
    this.dispatchEvent(new CustomEvent(name, { detail: { id, shown: 0, done: true }, cancelable: true }));
    return true;
  }

  #say(words, isBad = false) {
    const line = document.createElement("div");
    line.className = isBad ? "note bad" : "note";
    line.textContent = words;
    this.replaceChildren(...(words ? [line] : []));
  }
}

function hasFiles(event) {
  return [...(event.dataTransfer?.types ?? [])].includes("Files");
}

customElements.define("ir-upload", Upload);
