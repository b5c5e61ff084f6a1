import { describe, expect, it } from "vitest";
import { evaluate } from "../training/evaluation.js";
import { trainingReport } from "./training-report.js";

const HOSTILE = `<script>alert("1")</script>`;
const examples = Array.from({ length: 9 }, (_, i) => ({
  name: `${HOSTILE} ${i}`,
  image: "",
  labels: i % 3 === 0 ? [HOSTILE, "b"] : i % 3 === 1 ? ["b"] : [],
}));
const logits = Float32Array.from({ length: 18 }, (_, i) => Math.sin(i * 1.7) * 3);
const evaluation = evaluate(
  logits,
  examples,
  [HOSTILE, "b"],
  "multi-label",
  { temperature: 2, thresholds: { b: 0.4 } },
  [{ name: HOSTILE, code: "image/corrupt", message: "It is broken." }],
);

describe("trainingReport", () => {
  const history = [1, 2, 3].map((epoch) => ({ epoch, loss: 1 / epoch, accuracy: epoch / 3 }));

  it("runs nothing, loads nothing, and shows hostile names as text", () => {
    const page = trainingReport(evaluation, { history });
    expect(page).not.toMatch(/<script|<link|@import|url\(|https?:/);
    expect(page).toContain("&lt;script&gt;");
    expect(page).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
  });

  it("is readable without seeing: a text for each plot, headers for each table", () => {
    const page = trainingReport(evaluation, { history });
    const plots = page.match(/<svg role="img" aria-label="[^"]+"[^>]*>\n<title>[^<]+<\/title>/g);
    expect(plots).toHaveLength(5); // reliability twice, precision and recall, loss, accuracy
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("leaves out what there is nothing to say about", () => {
    const page = trainingReport({ ...evaluation, curves: [], worst: [], omitted: [] });
    expect(page).not.toMatch(/Precision and recall|Worst|Left out|Training/);
  });
});
