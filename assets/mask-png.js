/** What a mask becomes when it leaves the page: softened, enlarged, and an 8-bit grey PNG, which no canvas can write. */

const CRC = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crcOf(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function chunk(name, body) {
  const bytes = new Uint8Array(body.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let place = 0; place < 4; place++) bytes[4 + place] = name.charCodeAt(place);
  bytes.set(body, 8);
  view.setUint32(body.length + 8, crcOf(bytes.subarray(4, body.length + 8)));
  return bytes;
}

/** Return the grey values with an edge softened by about `radius` pixels: two passes of a box, along rows and columns. */
export function soften(grey, width, height, radius) {
  const reach = Math.round(radius / 2);
  if (reach < 1) return grey;
  let values = grey;
  for (let pass = 0; pass < 2; pass++) {
    values = boxed(values, height, width, width, 1, reach);
    values = boxed(values, width, height, 1, width, reach);
  }
  return values;
}

/** Average over `reach` neighbours on both sides, along lines that are `line` apart and whose places are `place` apart. */
function boxed(grey, lines, places, line, place, reach) {
  const result = new Uint8Array(grey.length);
  const held = (index) => Math.min(places - 1, Math.max(0, index));
  for (let number = 0; number < lines; number++) {
    const start = number * line;
    let sum = 0;
    for (let index = -reach; index <= reach; index++) sum += grey[start + held(index) * place];
    for (let index = 0; index < places; index++) {
      result[start + index * place] = Math.round(sum / (2 * reach + 1));
      sum += grey[start + held(index + reach + 1) * place] - grey[start + held(index - reach) * place];
    }
  }
  return result;
}

/** Return a row of the enlarged picture, between the two rows of the small one that are nearest. */
function enlargedRow(grey, width, height, wide, at) {
  const middle = Math.min(height - 1, Math.max(0, at));
  const [upper, lower, down] = [Math.floor(middle), Math.min(height - 1, Math.floor(middle) + 1), middle % 1];
  const row = new Uint8Array(wide + 1); // the first byte names the filter: none
  for (let x = 0; x < wide; x++) {
    const across = Math.min(width - 1, Math.max(0, ((x + 0.5) * width) / wide - 0.5));
    const [left, right, share] = [Math.floor(across), Math.min(width - 1, Math.floor(across) + 1), across % 1];
    const above = grey[upper * width + left] * (1 - share) + grey[upper * width + right] * share;
    const below = grey[lower * width + left] * (1 - share) + grey[lower * width + right] * share;
    row[x + 1] = Math.round(above * (1 - down) + below * down);
  }
  return row;
}

/** Return a PNG of 8-bit grey, `wide` x `high`, from values of `width` x `height`. */
export async function encodeGrey(grey, width, height, wide, high) {
  const packer = new CompressionStream("deflate");
  const packed = new Response(packer.readable).arrayBuffer();
  const writer = packer.writable.getWriter();
  for (let y = 0; y < high; y++) await writer.write(enlargedRow(grey, width, height, wide, ((y + 0.5) * height) / high - 0.5));
  await writer.close();
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, wide);
  view.setUint32(4, high);
  head[8] = 8; // bits, and colour type 0: grey
  const mark = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);
  const parts = [mark, chunk("IHDR", head), chunk("IDAT", new Uint8Array(await packed)), chunk("IEND", new Uint8Array())];
  return new Blob(parts, { type: "image/png" });
}
