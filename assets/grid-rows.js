/**
 * Where the tiles of <ir-grid> stand. The server also puts this text behind the tiles that it serves within the page
 * (routes/first_pictures.py), so that they stand where the grid will have them before any file of script is here.
 */
(() => {
  "use strict";
  const WIDE = { target: 262, gap: 6 };
  const NARROW = { target: 190, gap: 3 };
  const NARROW_PX = 760;

  /**
   * Fill rows until they are no taller than the target, then scale them to the width; the very last keeps the target.
   * @param {{w: number, h: number}[]} tiles
   * @param {number} width
   * @param {boolean} isWhole false when more tiles follow: a row that is not full waits for them
   * @returns {{top: number, height: number, first: number, gap: number, tiles: object[]}[]}
   */
  function justify(tiles, width, isWhole) {
    const { target, gap } = width < NARROW_PX ? NARROW : WIDE;
    const rows = [];
    let [top, first, shape] = [0, 0, 0];
    tiles.forEach((tile, index) => {
      shape += tile.w / tile.h;
      const height = (width - gap * (index - first)) / shape;
      const ends = isWhole && index === tiles.length - 1;
      if (height > target && !ends) return;
      const row = { top, height: Math.min(height, target), first, gap, tiles: tiles.slice(first, index + 1) };
      rows.push(row);
      top += row.height + gap;
      [first, shape] = [index + 1, 0];
    });
    return rows;
  }

  /** Return how tall all rows are. */
  function tall(rows) {
    const last = rows.at(-1);
    return last ? last.top + last.height : 0;
  }

  /** Return how wide a tile is in its row. */
  function wide(row, tile) {
    return (row.height * tile.w) / tile.h;
  }

  /** Put a tile's box at its place. */
  function stand(box, row, left, width) {
    Object.assign(box.style, { left: `${left}px`, top: `${row.top}px`, width: `${width}px`, height: `${row.height}px` });
  }

  globalThis.irRows = { justify, tall, wide, stand };

  const list = document.currentScript?.previousElementSibling; // null in a module
  if (!list) return;
  const grid = list.parentElement;
  const tiles = [...list.children].map((box) => {
    const image = box.querySelector("img");
    image.decoding = "async"; // said here once: in each of 60 tiles it was 0.2 KB of a packed page
    return { box, w: Number(image.getAttribute("width")), h: Number(image.getAttribute("height")) };
  });
  const rows = justify(tiles, grid.clientWidth, !list.dataset.next);
  const placed = rows.at(-1) ? rows.at(-1).first + rows.at(-1).tiles.length : 0;
  for (const { box } of tiles.slice(placed)) box.hidden = true; // what fills no row yet waits for the page that follows
  for (const row of rows) {
    let left = 0;
    for (const tile of row.tiles) {
      const width = wide(row, tile);
      stand(tile.box, row, left, width);
      left += width + row.gap;
    }
  }
  list.style.height = `${tall(rows)}px`;
  list.classList.remove("flow");
  grid.isServed = true;
  grid.begin?.();
})();
