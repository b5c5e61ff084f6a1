import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PRECISIONS } from "./manifest.js";
import { openIndex } from "./open-index.js";
import { SERVERS_PYTHON, whyNoServers } from "./real-server.testing.js";
import { clusteredVectors } from "./vectors.testing.js";

const SCRIPT = join(import.meta.dirname, "../../../tools/reference/read_index.py");
const vectors = clusteredVectors({ count: 200, width: 40, clusters: 20, spread: 0.7, seed: 2 });

describe.skipIf(whyNoServers)(`Python with safetensors${whyNoServers ? ` (${whyNoServers})` : ""}`, () => {
  it.each(PRECISIONS)(
    "finds in the folder what we find, with precision %s and removed and replaced items",
    async (precision) => {
      const folder = mkdtempSync(join(tmpdir(), "vitrail-python-"));
      try {
        await using index = await openIndex(folder, { precision, threads: 1 });
        for (let from = 0; from < 200; from += 50) {
          await index.add(vectors.slice(from, from + 60).map((vector, i) => ({ id: `é-${from + i}`, vector })));
          await index.remove([`é-${from + 3}`, `é-${from - 20}`]);
          await index.save();
        }
        const printed = execFileSync(SERVERS_PYTHON, [SCRIPT, folder, "5"], { encoding: "utf8" }).trim().split("\n");
        expect(printed[0]).toBe(`${index.size} items of width 40`);
        // Python's own order begins with the oldest item that is left.
        const { vector } = (await index.get("é-0"))!;
        const hits = await index.search(vector, { topK: 5 });
        expect(printed.slice(1).map((line) => line.match(/é-\d+/)![0])).toEqual(hits.map(({ id }) => id));
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
