// Puts the built server under load and writes docs/reliability.md. Loopback only; takes some 15 minutes on two cores. Exits with 1 if anything misses its bar.
//
//   npm run soak                      everything
//   npm run soak -- --share 0.1       a tenth of the requests
//   npm run soak -- --only S5,S24     some scenarios; the document stays as it is
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "tsup";

const root = join(import.meta.dirname, "../..");
const { values: options } = parseArgs({
  options: { share: { type: "string", default: "1" }, only: { type: "string", default: "" } },
});
const share = Number(options.share);
const only = options.only.split(",").filter(Boolean);
const count = (whole) => Math.max(2, Math.round(whole * share));

// Inside of node_modules, which git does not see, and from where packages are found.
const outDir = join(root, "node_modules/.vitrail-soak");
await build({
  config: false,
  entry: { scenarios: join(import.meta.dirname, "scenarios.ts") },
  outDir,
  outExtension: () => ({ js: ".mjs" }),
  format: "esm",
  target: "node20",
  silent: true,
});
const scenarios = await import(pathToFileURL(join(outDir, "scenarios.mjs")).href);
const built = { ...(await import("vitrail")), ...(await import("vitrail/server")), cli: join(root, "dist/cli.js") };

const ALL = [
  ["S1", () => scenarios.overload(built, { requests: count(10_000), warmUp: count(400) })],
  ["S3", () => scenarios.rightAnswers(built, { requests: count(10_000) })],
  ["S5", () => scenarios.drain(built, { times: count(100) })],
  ["S6", () => scenarios.engineKilled(built, { times: count(100) })],
  ["S10", () => scenarios.corpora(built, { poisonTimes: count(10_000) })],
  ["S24", () => scenarios.disconnects(built, { requests: count(10_000) })],
  ["overhead", () => scenarios.overhead(built, { pairs: 5, pictures: count(160) })],
];

const load = loadavg()[0].toFixed(1);
const findings = [];
for (const [id, run] of ALL) {
  if (only.length > 0 && !only.includes(id)) continue;
  console.log(`${id} …`);
  const found = await run();
  findings.push(found);
  for (const { what, found: value, wanted, passes } of found.figures)
    console.log(`  ${passes ? "ok  " : "MISS"}  ${what}: ${value} (${wanted})`);
}
if (only.length === 0) writeFileSync(join(root, "docs/reliability.md"), documentOf(findings));
const missed = findings.flatMap(({ figures }) => figures).filter(({ passes }) => !passes).length;
const held = findings.flatMap(({ figures }) => figures).length - missed;
console.log(`${held} passed, ${missed} failed`);
process.exitCode = missed > 0 ? 1 : 0;

function documentOf(all) {
  const sections = all.map(({ id, title, figures }) =>
    [
      `## ${id}: ${title}`,
      "",
      "| what | found | wanted | |",
      "|---|---|---|---|",
      ...figures.map(
        ({ what, found, wanted, passes }) => `| ${what} | ${found} | ${wanted} | ${passes ? "holds" : "**misses**"} |`,
      ),
    ].join("\n"),
  );
  return `# Reliability of the server

Written by \`npm run soak${share === 1 ? "" : ` -- --share ${options.share}`}\`, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown processor"}. Client and server share the machine, over loopback;
at the start its load was ${load} on ${cpus().length} processors, and timings count for what they are only where that is near 0.
The short form of the same scenarios is part of \`npm test\` (\`tools/soak/soak.test.ts\`); slow clients (S8), bodies that lie (S9), keys (S13), URLs (S14, S15) and log lines (S21) are
tested there alone, beside the code.

${sections.join("\n\n")}
`;
}
