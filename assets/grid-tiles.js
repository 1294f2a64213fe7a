/**
 * What <ir-grid> is made of: how one of its tiles looks.
 *
 * @typedef {{id: string, prompt: string, w: number, h: number, colour: string, favourite: boolean}} Tile
 */
const BOX = document.createElement("template");
BOX.innerHTML =
  '<div class="box" role="listitem"><a class="tile" tabindex="-1"><img alt="" decoding="async">' +
  '<span class="ovl" dir="auto"></span></a><button type="button" class="ck" role="checkbox" tabindex="-1" aria-label="Select">' +
  '<svg class="i" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">' +
  '<path d="M20 6 9 17l-5-5"/></svg></button><button type="button" class="fav" tabindex="-1" aria-label="Favourite">' +
  '<svg class="i" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linejoin="round" aria-hidden="true">' +
  '<path d="M2 9.5a5.5 5.5 0 0 1 9.591-3.676.56.56 0 0 0 .818 0A5.49 5.49 0 0 1 22 9.5c0 2.29-1.5 4-3 5.5l-5.492 5.313a2 2 0 0 1-3' +
  ' .019L5 15c-1.5-1.5-3-3.2-3-5.5"/></svg></button></div>';

/** Build a tile: a link that is named by the prompt, and beside it the heart. Only tiles out of sight load lazily. */
export function build(tile, isInSight) {
  const element = BOX.content.firstElementChild.cloneNode(true);
  const [link] = element.children;
  element.dataset.id = link.dataset.id = tile.id;
  link.href = `/gallery?image=${tile.id}`;
  link.style.backgroundColor = tile.colour;
  link.setAttribute("aria-label", tile.prompt);
  Object.assign(link.firstChild, { loading: isInSight ? "eager" : "lazy", src: `/media/${tile.id}/320` });
  link.lastChild.textContent = tile.prompt;
  return element;
}

/** Show whether a tile is a favourite, and whether it is chosen. */
export function dress(element, tile, isChosen) {
  element.classList.toggle("chosen", isChosen);
  element.children[1].ariaChecked = String(isChosen);
  element.classList.toggle("favourite", tile.favourite);
  element.lastElementChild.ariaPressed = String(tile.favourite);
}

/** Read a tile from its box in the page that the server sent, and add to the box what needs a script. */
export function adopt(element) {
  const [link] = element.children;
  const [image] = link.children;
  const [, ...buttons] = BOX.content.firstElementChild.cloneNode(true).children;
  const tile = {
    id: new URL(link.href).searchParams.get("image"),
    prompt: link.getAttribute("aria-label"),
    w: Number(image.getAttribute("width")),
    h: Number(image.getAttribute("height")),
    colour: link.style.backgroundColor,
    favourite: element.dataset.favourite === "1",
  };
  element.dataset.id = link.dataset.id = tile.id;
  link.tabIndex = -1;
  link.append(Object.assign(document.createElement("span"), { className: "ovl", dir: "auto", textContent: tile.prompt }));
  element.append(...buttons);
  element.hidden = false;
  return tile;
}
