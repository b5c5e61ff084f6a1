// A dot for each peer: its time beside onnxruntime-node's, on a scale that doubles.

const YARDSTICK = "onnxruntime-node fp32";
const LEFT = 250;
const RIGHT = 30;
const WIDTH = 860;
const ROW = 22;
const plain = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

/** @returns an SVG with a panel for each model at batch 1 and two threads */
export function plot(workloads) {
  const panels = workloads
    .filter(({ model, batch, threads }) => model && batch === 1 && threads === 2)
    .map(({ title, results }) => {
      const reference = results.find(({ name, error }) => name === YARDSTICK && !error)?.least;
      const dots = reference
        ? results.filter(({ error }) => !error).map(({ name, least }) => ({ name, ratio: least / reference }))
        : [];
      return { title, dots: dots.sort((a, b) => a.ratio - b.ratio) };
    })
    .filter(({ dots }) => dots.length > 0);
  const ratios = panels.flatMap(({ dots }) => dots.map(({ ratio }) => ratio));
  const least = Math.floor(Math.log2(Math.min(...ratios, 0.5)));
  const most = Math.ceil(Math.log2(Math.max(...ratios, 2)));
  const x = (ratio) => LEFT + ((Math.log2(ratio) - least) / (most - least)) * (WIDTH - LEFT - RIGHT);
  const parts = [];
  let y = 14;
  for (const { title, dots } of panels) {
    const top = y + 30;
    const bottom = top + dots.length * ROW;
    parts.push(`<text x="8" y="${y + 14}" font-weight="bold">${plain(title)}: time / onnxruntime-node fp32</text>`);
    for (let power = least; power <= most; power++) {
      const at = x(2 ** power).toFixed(1);
      parts.push(`<line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}" stroke="${power === 0 ? "#888" : "#ddd"}"/>`);
      parts.push(`<text x="${at}" y="${bottom + 16}" text-anchor="middle" fill="#555">${2 ** power}</text>`);
    }
    dots.forEach(({ name, ratio }, row) => {
      const middle = top + (row + 0.5) * ROW;
      const color = name.startsWith("vitrail") ? "#c2410c" : "#1d4ed8";
      parts.push(`<text x="${LEFT - 12}" y="${middle + 4}" text-anchor="end">${plain(name)}</text>`);
      parts.push(`<circle cx="${x(ratio).toFixed(1)}" cy="${middle}" r="5" fill="${color}"/>`);
      parts.push(`<text x="${(x(ratio) + 9).toFixed(1)}" y="${middle + 4}" fill="#555">${ratio.toFixed(2)}</text>`);
    });
    y = bottom + 30;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${y}" fill="#fff"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}
