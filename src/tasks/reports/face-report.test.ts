import { describe, expect, it } from "vitest";
import { decodeImage } from "../../images/decode-image.js";
import { noise } from "../../images/noise.testing.js";
import type { FaceAnalysis } from "../faces/face-analysis.js";
import { FaceReport } from "./face-report.js";
import { html } from "./html.js";

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;\u0000.jpg`;
const image = noise(800, 400);
const result = (attributes: FaceAnalysis["faces"][0]["attributes"] = {}): FaceAnalysis => ({
  width: 800,
  height: 400,
  faces: [
    {
      box: { x: 100, y: 100, width: 120, height: 120 },
      score: 0.9,
      landmarks: [],
      quality: { size: 120, visible: 1, sharpness: 0.4, yaw: 1, pitch: 2, roll: 3 },
      attributes,
    },
  ],
});
const emotion = (value: "happy" | "sad") =>
  ({ value, score: 0.75, scores: { sad: 0.2, happy: 0.1, fear: 0.05, [value]: 0.75 } }) as const;

/** Every tag of a page, with its attributes. */
const tagsOf = (page: string) =>
  [...page.matchAll(/<([a-z0-9]+)((?:\s[^>]*)?)>/gi)].map(([, tag]) => tag!.toLowerCase());

describe("FaceReport", () => {
  it("shows pictures, faces, attributes with scores, and how they are distributed", () => {
    const report = new FaceReport();
    report.add("a.jpg", result({ emotion: emotion("happy") }), image);
    report.add("b.jpg", result({ emotion: emotion("sad") }), image);
    report.add("c.jpg", { width: 800, height: 400, faces: [] }, image);
    report.addFailure("d.jpg", new Error("no JPEG"));
    const page = report.toHtml({ title: "Holiday" });
    expect(page).toMatch(/<h1>Holiday<\/h1>\s*<p>3 pictures, 2 faces in 2 of them; 1 picture could not be read\.<\/p>/);
    expect(page).toContain("<title>emotion: sad 1, happy 1, fear 0</title>");
    expect(page).toContain("<title>Faces per picture: 0 faces 1, 1 face 2</title>");
    expect(page).toMatch(/happy 75% <span class="quiet">sad 20%, fear 5%<\/span>/);
    expect(page).toMatch(/No face\./);
    expect(page).toMatch(/<li>d\.jpg: no JPEG<\/li>/);
    expect(page).toMatch(/<aside.*Emotion: a label for how a face looks/s);
  });

  it("says of the search for faces, and of groups, what they are not, even where no attribute was asked for", () => {
    const report = new FaceReport();
    report.add("a.jpg", result(), image);
    const limitations = (page: string) => page.match(/<aside.*<\/aside>/s)![0].match(/<li>[^:]+/g);
    expect(limitations(report.toHtml())).toEqual(["<li>Faces"]);
    const clusters = { clusters: [[{ picture: 0, face: 0 }]], threshold: 0.5 };
    expect(limitations(report.toHtml({ clusters }))).toEqual(["<li>Faces", "<li>Groups"]);
  });

  it("lets no name, label or message become markup", () => {
    const report = new FaceReport();
    const attributes = { [HOSTILE]: { value: HOSTILE, score: 1, scores: { [HOSTILE]: 1 } } };
    report.add(HOSTILE, { ...result(attributes), failures: { x: { code: "c", message: HOSTILE } } }, image);
    report.addFailure(HOSTILE, new Error(HOSTILE));
    const clusters = { clusters: [[{ picture: 0, face: 0 }]], threshold: 0.5 };
    const page = report.toHtml({ title: HOSTILE, clusters });
    const plain = new FaceReport();
    plain.add(
      "a",
      { ...result({ a: { value: "a", score: 1, scores: { a: 1 } } }), failures: { x: { code: "c", message: "a" } } },
      image,
    );
    plain.addFailure("a", new Error("a"));
    expect(tagsOf(page)).toEqual(tagsOf(plain.toHtml({ title: "a", clusters })));
    expect(page).not.toMatch(/<script|<img src=x/);
    expect(page).not.toContain("\u0000");
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });

  it("opens offline: pictures are small JPEGs within the page, nothing runs or loads", async () => {
    const report = new FaceReport();
    report.add("a.jpg", result(), image);
    const page = report.toHtml();
    const urls = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
    expect(urls).toHaveLength(2);
    const sizes = [];
    for (const url of urls) {
      expect(url).toMatch(/^data:image\/jpeg;base64,/);
      const { width, height } = await decodeImage(Buffer.from(url.split(",")[1]!, "base64"));
      sizes.push([width, height]);
    }
    expect(sizes).toEqual([
      [320, 160],
      [96, 96],
    ]);
    expect(page).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
    expect(page).not.toMatch(/<script|<link|@import|url\(|https?:/);
  });

  it("is readable without seeing: a language, a text for every picture and chart, headers for the table", () => {
    const report = new FaceReport();
    report.add("a.jpg", result({ emotion: emotion("happy") }), image);
    const page = report.toHtml();
    expect(page).toContain('<html lang="en">');
    for (const [tag] of page.matchAll(/<img[^>]*>/g)) expect(tag).toMatch(/ alt="[^"]+"/);
    for (const [tag] of page.matchAll(/<svg[^>]*>/g)) expect(tag).toMatch(/role="img" aria-label="[^"]+"/);
    expect(page).toMatch(/<th scope="col">/);
  });

  it.each([
    ["nothing", undefined],
    ["no size", { faces: [] }],
    [
      "a face as detect gives it",
      { width: 9, height: 9, faces: [{ box: { x: 1, y: 1, width: 5, height: 5 }, score: 1 }] },
    ],
    ["an attribute that is a number", result({ emotion: 5 as never })],
    ["an attribute without scores", result({ emotion: { value: "happy", score: 1, scores: {} } })],
  ])("refuses %s for a result, and goes on", (_what, bad) => {
    const report = new FaceReport();
    expect(() => report.add("a.jpg", bad as never, image)).toThrow(expect.objectContaining({ code: "input/face" }));
    expect(report.toHtml()).toMatch(/0 pictures/);
  });

  it("takes whatever was thrown for a failure", () => {
    const report = new FaceReport();
    for (const thrown of [undefined, "text", new Error("error")]) report.addFailure("a.jpg", thrown);
    expect(report.toHtml()).toMatch(/a\.jpg: undefined<.*a\.jpg: text<.*a\.jpg: error</s);
  });

  it.each([
    [null, "input/option"],
    [{ titel: "x" }, "input/option"],
    [{ title: 5 }, "input/option"],
    [{ clusters: {} }, "input/face"],
    [{ clusters: { clusters: [[{ picture: 3, face: 0 }]], threshold: 0.5 } }, "input/face"],
    [{ clusters: { clusters: [3], threshold: 0.5 } }, "input/face"],
  ])("refuses %j for a page's options", (options, code) => {
    const report = new FaceReport();
    report.add("a.jpg", result({ emotion: undefined as never }), image);
    expect(report.toHtml()).toMatch(/1 picture, 1 face/);
    expect(() => report.toHtml(options as never)).toThrow(expect.objectContaining({ code }));
  });

  it("is a page without pictures too", () => {
    expect(new FaceReport().toHtml()).toMatch(/0 pictures, 0 faces/);
  });
});

describe("html", () => {
  it("escapes values and takes its own parts as they are", () => {
    expect(html`<p title="${`"'<&>`}">${html`<b>${1}</b>`}${[html`<i></i>`, html`<i></i>`]}</p>`.text).toBe(
      '<p title="&quot;&#39;&lt;&amp;&gt;"><b>1</b><i></i><i></i></p>',
    );
  });
});
