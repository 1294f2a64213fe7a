/**
 * <ir-device>: what is on this device now, each entry named by the register; what the register does not know is shown in red.
 *
 * Our cookies cannot be read by a script, so the server names those that came along with its request; nothing is sent to it.
 */
const HOLDERS = { localStorage, sessionStorage };

async function others() {
  const databases = (await indexedDB.databases?.().catch(() => [])) ?? [];
  const caches_ = "caches" in window ? await caches.keys().catch(() => []) : [];
  const workers = (await navigator.serviceWorker?.getRegistrations().catch(() => [])) ?? [];
  return [
    ...databases.map(({ name }) => `indexedDB.${name}`),
    ...caches_.map((name) => `caches.${name}`),
    ...workers.map(({ scope }) => `serviceWorker ${new URL(scope).pathname}`),
  ];
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

class Device extends HTMLElement {
  connectedCallback() {
    this.#look();
  }

  async #look() {
    const answer = await fetch("/api/device", { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) {
      this.replaceChildren(element("p", "q2", "The register could not be read. Load the page again."));
      return;
    }
    const { register, cookies } = await answer.json();
    const readable = document.cookie.split("; ").filter(Boolean).map((pair) => pair.split("=")[0].replace(/^__Host-/, ""));
    const stored = Object.entries(HOLDERS).flatMap(([name, holder]) => Object.keys(holder).map((key) => `${name}.${key}`));
    const names = [...new Set([...cookies, ...readable, ...stored, ...(await others())])].sort();
    this.#draw(names, register);
  }

  #draw(names, register) {
    const unknown = names.filter((name) => !register[name]);
    const list = element("ul", "device");
    list.setAttribute("role", "list");
    list.append(...names.map((name) => this.#row(name, register[name])));
    const again = element("button", "btn line sm", "Look again");
    again.type = "button";
    again.onclick = () => this.#look();
    const said = element("p", unknown.length ? "bad" : "q2", this.#sentence(names.length, unknown.length));
    said.setAttribute("role", "status");
    this.replaceChildren(said, list, again);
  }

  #sentence(count, unknown) {
    if (!count) return "Nothing is on this device.";
    const entries = count === 1 ? "1 entry" : `${count} entries`;
    if (!unknown) return `${entries} on this device now, each in our register.`;
    return `${entries} on this device now; ${unknown} of them not in our register, shown in red.`;
  }

  #row(name, entry) {
    const row = element("li", entry ? "" : "unknown");
    row.dataset.entry = name;
    const words = element("span", "two grow");
    words.append(element("b", "mono", name), element("span", "small q2", entry?.text ?? "Not in our register, so ImageRoute as it is built did not put it here. Delete it in your browser, or tell us."));
    const tag = entry ? (entry.essential ? "Needed" : "You allowed it") : "Unknown";
    row.append(words, element("span", entry ? (entry.essential ? "tag" : "tag ok") : "tag bad", tag));
    return row;
  }
}

if (!customElements.get("ir-device")) customElements.define("ir-device", Device);
