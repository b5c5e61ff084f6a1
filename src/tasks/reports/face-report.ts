import { InputError } from "../../errors.js";
import type { Image } from "../../images/image.js";
import { assertAnalysis } from "../faces/assert-faces.js";
import type { FaceClusters, FacePlace } from "../faces/cluster-faces.js";
import { countFaces } from "../faces/count-faces.js";
import { cropFace } from "../faces/crop-face.js";
import type { AnalyzedFace, FaceAnalysis } from "../faces/face-analysis.js";
import { annotate } from "../faces/pictures/annotate.js";
import { attributeLabel } from "../faces/pictures/face-labels.js";
import { DETECTION_LIMITATION, GROUP_LIMITATION, limitationsOf } from "../limitations.js";
import { checkOptionNames, textOption } from "../options.js";
import { barChart } from "./bar-chart.js";
import { faceDistributions } from "./face-distributions.js";
import { type Html, html } from "./html.js";
import { page } from "./page.js";
import { type Thumbnail, thumbnail } from "./thumbnail.js";

interface ReportedPicture {
  name: string;
  result: FaceAnalysis;
  picture: Thumbnail;
  faces: Thumbnail[];
}

/** Pixels of the longer side. */
const PICTURE_SIDE = 320;
const FACE_SIDE = 96;
const FACE_MARGIN = 0.2;
/** Scores of an attribute that a face shows besides its value. */
const RUNNERS_UP = 2;

export interface FaceReportOptions {
  /** Default "Faces". */
  title?: string;
  /** Of the pictures' results, in the order in which they were added. */
  clusters?: FaceClusters;
}

/** A page about the faces of many pictures, to open offline. Keeps small copies of the pictures, not the pictures. */
export class FaceReport {
  private readonly pictures: ReportedPicture[] = [];
  private readonly failures: { name: string; message: string }[] = [];

  /**
   * @param image the picture that `result` is about, `[height, width, 3]`
   * @throws InputError `input/face`, `input/image`
   */
  add(name: string, result: FaceAnalysis, image: Image): void {
    assertAnalysis(result);
    this.pictures.push({
      name,
      result,
      picture: thumbnail(annotate(image, result.faces, { labels: numbered, landmarks: "none" }), PICTURE_SIDE),
      faces: result.faces.map((face) =>
        thumbnail(cropFace(image, face, { margin: FACE_MARGIN, size: FACE_SIDE }).image, FACE_SIDE),
      ),
    });
  }

  /** A picture that has no result, and what was thrown instead. */
  addFailure(name: string, error: unknown): void {
    this.failures.push({ name, message: error instanceof Error ? error.message : String(error) });
  }

  /**
   * The page.
   *
   * @throws InputError `input/option`; `input/face` for groups of other pictures
   */
  toHtml(options: FaceReportOptions = {}): string {
    checkOptionNames(options, ["title", "clusters"]);
    const { title = "Faces", clusters } = options;
    textOption("title", title);
    if (clusters) this.checkClusters(clusters);
    const results = this.pictures.map(({ result }) => result);
    const { pictures, faces, withFaces, perPicture } = countFaces(results);
    const names = results.flatMap((result) => result.faces.flatMap(({ attributes }) => Object.keys(attributes)));
    const charts = faceDistributions(results).map(({ title, bars }) => barChart(title, bars));
    return page(
      title,
      html`<p>${count(pictures, "picture")}, ${count(faces, "face")} in ${withFaces} of them${
        this.failures.length > 0 ? `; ${count(this.failures.length, "picture")} could not be read` : ""
      }.</p>
${limitationsBox([DETECTION_LIMITATION, ...limitationsOf(names), ...(clusters ? [GROUP_LIMITATION] : [])])}
<h2>Distribution</h2>
${[barChart("Faces per picture", histogram(perPicture)), ...charts]}
${clusters ? this.clusterSection(clusters) : ""}
<h2>Pictures</h2>
${this.pictures.map(pictureArticle)}
${this.failures.length > 0 ? failureSection(this.failures) : ""}`,
    );
  }

  private checkClusters({ clusters, threshold }: FaceClusters): void {
    const isKnown = ({ picture, face }: FacePlace) => this.pictures[picture]?.faces[face] !== undefined;
    if (
      Number.isFinite(threshold) &&
      Array.isArray(clusters) &&
      clusters.every((group) => Array.isArray(group) && group.every(isKnown))
    )
      return;
    throw new InputError(
      "input/face",
      `"clusters" must be what clusterFaces gives for the results that were added, in their order.`,
    );
  }

  private clusterSection({ clusters, threshold }: FaceClusters): Html {
    const groups = clusters.map((group, index) => {
      const images = group.map(({ picture, face }) => {
        const { name, faces } = this.pictures[picture]!;
        return img(faces[face]!, `Face ${face + 1} of ${name}`);
      });
      return html`<h3>Group ${index + 1}: ${count(group.length, "face")}</h3><p>${images}</p>
`;
    });
    return html`<h2>Groups of similar faces</h2>
<p class="quiet">Joined down to a mean similarity of ${threshold.toFixed(2)}.</p>
${groups}`;
  }
}

/** The number by which the table below a picture calls a face. */
function numbered(_face: unknown, index: number): string[] {
  return [`${index + 1}`];
}

function limitationsBox(limitations: readonly string[]): Html {
  return html`<aside aria-label="Limitations"><h2>What these answers are not</h2><ul>${limitations.map((text) => html`<li>${text}</li>`)}</ul></aside>`;
}

function pictureArticle({ name, result, picture, faces }: ReportedPicture): Html {
  const failures = Object.values(result.failures ?? {}).map(({ message }) => html`<p>Skipped: ${message}</p>`);
  const rows = result.faces.map(
    (
      face,
      index,
    ) => html`<tr><th scope="row">${index + 1}</th><td>${img(faces[index]!, `Face ${index + 1} of ${name}`)}</td><td>${faceText(face)}</td></tr>
`,
  );
  const table =
    rows.length > 0
      ? html`<table><thead><tr><th scope="col">No.</th><th scope="col">Face</th><th scope="col">What it shows</th></tr></thead><tbody>${rows}</tbody></table>`
      : html`<p class="quiet">No face.</p>`;
  return html`<article><h3>${name}</h3>
<figure>${img(picture, `${name}, ${result.width} by ${result.height} pixels, its faces framed`)}</figure>${table}${failures}</article>
`;
}

function faceText({ score, quality, attributes }: AnalyzedFace): Html {
  const lines = Object.entries(attributes).flatMap(([name, value]) => {
    if (!value) return [];
    const others = Object.entries(value.scores as Record<string, number>)
      .sort(([, a], [, b]) => b - a)
      .slice(1, 1 + RUNNERS_UP)
      .map(([label, share]) => `${label} ${Math.round(share * 100)}%`);
    return html`<div>${attributeLabel(name, value)} <span class="quiet">${others.join(", ")}</span></div>`;
  });
  const { size, sharpness, yaw, pitch, roll } = quality;
  return html`${lines}<div class="quiet">score ${score.toFixed(3)}, ${Math.round(size)} px, sharpness ${sharpness.toFixed(2)}, turned ${Math.round(yaw)}°, up ${Math.round(pitch)}°, tilted ${Math.round(roll)}°</div>`;
}

function failureSection(failures: readonly { name: string; message: string }[]): Html {
  return html`<h2>Could not be read</h2><ul>${failures.map(({ name, message }) => html`<li>${name}: ${message}</li>`)}</ul>`;
}

function img({ url, width, height }: Thumbnail, alt: string): Html {
  return html`<img src="${url}" width="${width}" height="${height}" alt="${alt}" loading="lazy">`;
}

function histogram(counts: readonly number[]): [string, number][] {
  const most = Math.max(0, ...counts);
  const values = [...new Set(counts)].sort((a, b) => a - b);
  const shown = most < 12 ? Array.from({ length: most + 1 }, (_, value) => value) : values;
  return shown.map((value) => [count(value, "face"), counts.filter((other) => other === value).length]);
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}
