import { readFileSync } from "node:fs";
import { MEDIAPIPE, photo } from "../../../conformance/compare-faces.js";
import { FACES_BY_EYE, matchFaces, type SeenFace } from "../../../conformance/faces-by-eye.js";
import { faceSection } from "../../../conformance/report-faces.js";
import type { loadFaceDetector } from "../../../src/exports/faces.js";
import type { decodeImage, encodeJpeg } from "../../../src/exports/images.js";
import { type FoundFace, type Results, runPeer, runVitrail } from "./detectors.js";
import { type Picture, pasteFaces } from "./pasted-faces.js";
import { speedTable } from "./speed.js";

export interface Package {
  loadFaceDetector: typeof loadFaceDetector;
  decodeImage: typeof decodeImage;
  encodeJpeg: typeof encodeJpeg;
  resizeImage(
    image: Picture & { channels: 3 },
    options: { width: number; height: number; filter: "bilinear" },
  ): Picture;
}

type Truth = ReadonlyMap<string, readonly SeenFace[]>;
interface Row {
  name: string;
  results: Results;
}

/** Sides of the pasted faces, as shares of the picture's longer side, and their turns in degrees. */
const SIDES = [0.02, 0.03, 0.05, 0.08, 0.12, 0.25];
const TURNS = [0, 45, 90, 180];
const BACKGROUNDS = ["coffee.png", "rocket.jpg", "retina.jpg"];
const PASTED = { width: 1600, height: 1066 };

/** The tables of docs/faces.md, in Markdown. */
export async function report(vitrail: Package, root: string, log: (line: string) => void): Promise<string> {
  const photographs = await readPhotographs(vitrail);
  const pasted = await pastedPictures(vitrail, photographs);
  const truth: Truth = new Map([...Object.entries(FACES_BY_EYE), ...pasted.truth]);
  const pictures = new Map([...photographs, ...pasted.pictures]);
  const rows: Row[] = [];
  for (const model of ["short", "back", "full", "auto"] as const) {
    log(`vitrail ${model} …`);
    rows.push({
      name: `vitrail \`${model}\``,
      results: await runVitrail(vitrail.loadFaceDetector, { model }, pictures),
    });
  }
  const peers = [
    { name: "human 3.3.6", script: ["peer-human.mjs"] },
    { name: "face-api 1.7.15 SSD", script: ["peer-face-api.mjs", "ssd"] },
    { name: "face-api 1.7.15 tiny", script: ["peer-face-api.mjs", "tiny"] },
  ];
  for (const { name, script } of peers) {
    log(`${name} …`);
    rows.push({ name, results: runPeer(root, script, pictures) });
  }
  const human = rows.find(({ name }) => name.startsWith("human"))!;
  rows.splice(rows.indexOf(human) + 1, 0, { name: "human, scores from 0.5 on", results: above(human.results, 0.5) });
  const onPhotographs = [...rows, ...mediaPipeRows(photographs)];

  log("scores of the second look …");
  const doubtful = await runVitrail(vitrail.loadFaceDetector, { model: "auto", minScore: 0.05 }, photographs);
  const { lines } = await faceSection(vitrail.loadFaceDetector);
  return [
    ...lines.map((line) => line.replace("## BlazeFace", "### Against MediaPipe 0.10.21")),
    ...photographTable(onPhotographs, truth, [...photographs.keys()]),
    ...secondLookTable(doubtful, truth),
    ...pastedTable(rows, truth),
    ...(await speedTable(vitrail, fullHd(vitrail, photographs))),
  ].join("\n");
}

async function readPhotographs({ decodeImage }: Package): Promise<Map<string, Picture>> {
  const pictures = new Map<string, Picture>();
  for (const name of Object.keys(FACES_BY_EYE))
    pictures.set(name, await decodeImage(readFileSync(photo(name)), { gray16: "scale" }));
  return pictures;
}

function originalFaces(photographs: ReadonlyMap<string, Picture>) {
  return ["astronaut.png", "grace_hopper.jpg"].map((name) => ({
    ...FACES_BY_EYE[name]![0]!,
    picture: photographs.get(name)!,
  }));
}

/** The two faces of the photographs, pasted in every size and turn into pictures without faces. */
async function pastedPictures({ resizeImage }: Package, photographs: ReadonlyMap<string, Picture>) {
  const originals = originalFaces(photographs);
  const pictures = new Map<string, Picture>();
  const truth = new Map<string, SeenFace[]>();
  for (const name of BACKGROUNDS) {
    const image = { ...photographs.get(name)!, channels: 3 as const };
    const background = resizeImage(image, { ...PASTED, filter: "bilinear" });
    for (const share of SIDES)
      for (const turn of TURNS) {
        const { picture, seen } = pasteFaces(background, originals, { side: share * PASTED.width, turn });
        pictures.set(pastedName(name, share, turn), picture);
        truth.set(pastedName(name, share, turn), seen);
      }
  }
  return { pictures, truth };
}

/** A large picture with two faces, as a JPEG. */
function fullHd({ resizeImage, encodeJpeg }: Package, photographs: ReadonlyMap<string, Picture>): Uint8Array {
  const image = { ...photographs.get("coffee.png")!, channels: 3 as const };
  const { data } = resizeImage(image, { width: 1920, height: 1280, filter: "bilinear" });
  const background = { data: data.subarray(0, 1920 * 1080 * 3), width: 1920, height: 1080 };
  const { picture } = pasteFaces(background, originalFaces(photographs), { side: 400, turn: 0 });
  return encodeJpeg({ ...picture, channels: 3 });
}

const pastedName = (background: string, share: number, turn: number) => `${background} ${share} ${turn}`;

function mediaPipeRows(photographs: ReadonlyMap<string, Picture>): Row[] {
  return (["short", "full"] as const).map((model) => ({
    name: `MediaPipe 0.10.21 ${model} range`,
    results: new Map(
      [...photographs.keys()].map((name) => {
        const { size, [model]: found } = MEDIAPIPE[name]!;
        const faces = found.map(({ score, box: [x, y, width, height] }) => ({
          score,
          box: { x: x * size[0], y: y * size[1], width: width * size[0], height: height * size[1] },
        }));
        return [name, { faces, milliseconds: Number.NaN }];
      }),
    ),
  }));
}

function above(results: Results, minScore: number): Results {
  const isKept = ({ score }: FoundFace) => score >= minScore;
  return new Map([...results].map(([name, { faces, ...rest }]) => [name, { faces: faces.filter(isKept), ...rest }]));
}

/** Found, missing and wrong boxes of a detector over some pictures. */
function count(results: Results, truth: Truth, names: readonly string[]) {
  const total = { seen: 0, found: 0, extra: 0 };
  for (const name of names) {
    const { pairs, extra } = matchFaces(truth.get(name)!, results.get(name)!.faces);
    total.seen += truth.get(name)!.length;
    total.found += pairs.length;
    total.extra += extra.length;
  }
  return total;
}

function photographTable(rows: readonly Row[], truth: Truth, names: readonly string[]): string[] {
  const groups = {
    "one face, upright": names.filter((name) => !/montage|small|rot\d/.test(name) && truth.get(name)!.length > 0),
    "4 and 16 faces": names.filter((name) => name.includes("montage")),
    "small (3, 4 %)": names.filter((name) => name.includes("small")),
    turned: names.filter((name) => /rot\d/.test(name)),
  };
  const without = names.filter((name) => truth.get(name)!.length === 0);
  const ofGroup = Object.values(groups).map((group) => count(rows[0]!.results, truth, group).seen);
  const header = Object.keys(groups).map((group, i) => `${group}: ${ofGroup[i]}`);
  const body = rows.map(({ name, results }) => {
    const found = Object.values(groups).map((group) => count(results, truth, group).found);
    const wrong = count(results, truth, names).extra;
    const milliseconds = names.map((picture) => results.get(picture)!.milliseconds).toSorted((a, b) => a - b);
    const median = milliseconds[milliseconds.length >> 1]!;
    const cells = [
      ...found,
      wrong,
      count(results, truth, without).extra,
      Number.isNaN(median) ? "" : median.toFixed(0),
    ];
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  return [
    `### On ${names.length} photographs`,
    "",
    `Faces found, of those that a person sees (\`conformance/faces-by-eye.json\`); ${without.length} pictures have none. Milliseconds are the median of a picture, decoded, while other work may run.`,
    "",
    `| detector | ${header.join(" | ")} | wrong boxes | of them in pictures without faces | ms |`,
    `|---|${"--:|".repeat(header.length + 3)}`,
    ...body,
    "",
  ];
}

function secondLookTable(results: Results, truth: Truth): string[] {
  const faces: { score: number; name: string }[] = [];
  const others: typeof faces = [];
  for (const [name, { faces: found }] of results) {
    const { pairs, extra } = matchFaces(truth.get(name)!, found);
    faces.push(...pairs.map(({ found: { score } }) => ({ score, name })));
    others.push(...extra.map(({ score }) => ({ score, name })));
  }
  const listed = (list: typeof faces) => list.map(({ score, name }) => `${score.toFixed(2)} (${name})`).join(", ");
  const lowest = faces.toSorted((a, b) => a.score - b.score);
  const highest = others.toSorted((a, b) => b.score - a.score);
  return [
    "### What the second look of `auto` tells apart",
    "",
    `With \`minScore: 0.05\`, ${faces.length} faces and ${others.length} other things are left in the photographs.`,
    "",
    "| | scores |",
    "|---|---|",
    `| lowest of faces | ${listed(lowest.slice(0, 5))} |`,
    `| highest of other things | ${listed(highest.slice(0, 5))} |`,
    "",
  ];
}

function pastedTable(rows: readonly Row[], truth: Truth): string[] {
  const perCell = BACKGROUNDS.length * 2;
  const cells = ({ results }: Row, turn: number) =>
    SIDES.map((share) => {
      const { found, extra } = count(results, truth, BACKGROUNDS.map((name) => pastedName(name, share, turn))); // biome-ignore format: one line
      return extra > 0 ? `${found} (+${extra})` : `${found}`;
    });
  return [
    "### By size and turn",
    "",
    `Two faces pasted into each of ${BACKGROUNDS.length} pictures of ${PASTED.width} x ${PASTED.height} pixels, so ${perCell} to a cell; in brackets wrong boxes. Sizes are shares of the longer side.`,
    "",
    ...TURNS.flatMap((turn) => [
      `| turned by ${turn}° | ${SIDES.map((share) => `${share * 100} % (${Math.round(share * PASTED.width)} px)`).join(" | ")} |`,
      `|---|${"--:|".repeat(SIDES.length)}`,
      ...rows.map((row) => `| ${row.name} | ${cells(row, turn).join(" | ")} |`),
      "",
    ]),
  ];
}
