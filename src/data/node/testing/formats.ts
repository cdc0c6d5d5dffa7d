/** @file Media in forms that no encoder at hand writes, laid out by hand for tests. */

/** A TIFF of four quarters, one strip, 8 bits a pixel into a palette of 16-bit colours (TIFF 6.0, section 5). */
export function paletteTiff(side: number, colours: readonly (readonly number[])[]): Uint8Array {
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return 2 * Number(2 * y >= side) + Number(2 * x >= side);
  });
  const map = new Uint16Array(3 * 256);
  for (const [i, colour] of colours.entries())
    for (const [c, value] of colour.entries()) map[c * 256 + i] = value * 257;
  const [short, long] = [3, 4];
  const mapAt = 8 + pixels.length;
  const directoryAt = mapAt + map.byteLength;
  const entries = [
    [256, short, 1, side],
    [257, short, 1, side],
    [258, short, 1, 8],
    [259, short, 1, 1],
    [262, short, 1, 3],
    [273, long, 1, 8],
    [277, short, 1, 1],
    [278, short, 1, side],
    [279, long, 1, pixels.length],
    [320, short, map.length, mapAt],
  ];
  const bytes = Buffer.alloc(directoryAt + 2 + entries.length * 12 + 4);
  bytes.write("II*\0", 0, "latin1");
  bytes.writeUInt32LE(directoryAt, 4);
  bytes.set(pixels, 8);
  for (const [i, value] of map.entries()) bytes.writeUInt16LE(value, mapAt + 2 * i);
  bytes.writeUInt16LE(entries.length, directoryAt);
  entries.forEach(([tag, type, count, value], i) => {
    const at = directoryAt + 2 + 12 * i;
    bytes.writeUInt16LE(tag!, at);
    bytes.writeUInt16LE(type!, at + 2);
    bytes.writeUInt32LE(count!, at + 4);
    bytes.writeUInt32LE(value!, at + 8);
  });
  return bytes;
}

export type WaveForm = "aLaw" | "muLaw" | "float32" | "float64" | "extensible";
const tags: Readonly<Record<WaveForm, number>> = { aLaw: 6, muLaw: 7, float32: 3, float64: 3, extensible: 0xfffe };
const widths: Readonly<Record<WaveForm, number>> = { aLaw: 1, muLaw: 1, float32: 4, float64: 8, extensible: 2 };

/** A mono WAV file of one of the forms that PCM writers do not know. */
export function waveFile(samples: Float32Array, rate: number, form: WaveForm): Buffer {
  const width = widths[form];
  const data = Buffer.alloc(samples.length * width);
  samples.forEach((x, i) => {
    if (form === "float32") data.writeFloatLE(x, 4 * i);
    else if (form === "float64") data.writeDoubleLE(x, 8 * i);
    else if (form === "extensible") data.writeInt16LE(Math.round(x * 32_767), 2 * i);
    else data[i] = form === "aLaw" ? aLaw(Math.round(x * 32_767)) : muLaw(Math.round(x * 32_767));
  });
  const format = Buffer.alloc(form === "extensible" ? 40 : 16);
  format.writeUInt16LE(tags[form], 0);
  format.writeUInt16LE(1, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt32LE(rate * width, 8);
  format.writeUInt16LE(width, 12);
  format.writeUInt16LE(8 * width, 14);
  if (form === "extensible") {
    format.writeUInt16LE(22, 16);
    format.writeUInt16LE(16, 18);
    format.writeUInt16LE(1, 24);
    format.set(Buffer.from("000000001000800000aa00389b71", "hex"), 26);
  }
  const body = Buffer.concat([Buffer.from("WAVE"), chunkOf("fmt ", format), chunkOf("data", data)]);
  return chunkOf("RIFF", body);
}

/** A chunk of a RIFF file, padded to even length. */
export function chunkOf(name: string, content: Uint8Array): Buffer {
  const chunk = Buffer.alloc(8 + content.length + (content.length & 1));
  chunk.write(name, 0, "latin1");
  chunk.writeUInt32LE(content.length, 4);
  chunk.set(content, 8);
  return chunk;
}

/** ITU-T G.711, by the segment that the magnitude lies in. */
function muLaw(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), 32_635) + 132;
  const segment = 31 - Math.clz32(magnitude) - 7;
  return ~((sample < 0 ? 0x80 : 0) | (segment << 4) | ((magnitude >> (segment + 3)) & 15)) & 0xff;
}

function aLaw(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), 32_767);
  const segment = Math.max(0, 31 - Math.clz32(magnitude) - 7);
  const mantissa = (magnitude >> (segment === 0 ? 4 : segment + 3)) & 15;
  return ((sample >= 0 ? 0x80 : 0) | (segment << 4) | mantissa) ^ 0x55;
}
