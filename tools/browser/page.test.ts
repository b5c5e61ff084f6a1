import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Listening, listen } from "../../src/apps/server/listen.js";
import { testServer, withThreads } from "../../src/apps/server/server.testing.js";
import { loadModel } from "../../src/tasks/load-model.js";
import { tinyModel } from "../../src/tasks/model-folder.testing.js";
import { packageFile } from "../../src/tasks/package-file.js";
import { openIndex } from "../../src/tasks/search/open-index.js";
import type { SearchIndex } from "../../src/tasks/search/search-index.js";
import type { VisionModel } from "../../src/tasks/vision-model.js";
import { ChromiumPage, findChromium } from "./chromium.js";

const chromium = findChromium();
const KEY = "a-key-for-tests";
const photo = (name: string) => fileURLToPath(packageFile(`conformance/photos/${name}`));

describe.skipIf(!chromium)(
  `the server's page${chromium ? "" : " (skipped: no Chromium; node tools/browser/install.mjs)"}`,
  () => {
    withThreads();
    let folder: string;
    let model: VisionModel;
    let index: SearchIndex;
    let listening: Listening;
    let page: ChromiumPage;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "vitrail-page-"));
      model = await loadModel(tinyModel("vit"));
      index = await openIndex(folder);
      await index.add([
        { id: "<b>hopper</b>.jpg", vector: await model.embed(photo("hopper.jpg")) },
        { id: "coffee.png", vector: await model.embed(photo("coffee.png")) },
      ]);
      const server = await testServer({
        models: { emotions: model },
        faces: { attributes: { emotion: tinyModel("vit") }, detector: { model: "short" } },
        index: { model: "emotions", search: index },
        apiKeys: [KEY],
      });
      listening = await listen(server, { port: 0 });
      page = await ChromiumPage.open(chromium!, `${listening.url}/`);
    }, 60_000);
    afterAll(async () => {
      await page?.close();
      await listening?.close();
      await index?.close();
      await model?.dispose();
      rmSync(folder, { recursive: true });
    });

    const table = (id: string) =>
      page.evaluate<string[][]>(
        `[...document.querySelectorAll("#${id} tr")].map((row) => [...row.cells].map((cell) => cell.textContent))`,
      );

    it("says what the server says where the key is missing", async () => {
      await page.chooseFile("#file", photo("hopper.jpg"));
      await page.until(`document.getElementById("status").textContent.includes("API key")`);
    });

    it("shows labels, faces and similar pictures of a file that is chosen", async () => {
      await page.evaluate(`document.getElementById("key").value = "${KEY}"`);
      await page.chooseFile("#file", photo("hopper.jpg"));
      await page.until(`document.getElementById("status").textContent === "done"`);
      const labels = await model.classify(readFileSync(photo("hopper.jpg")), { topK: 5 });
      expect(await table("labels")).toEqual(labels.map(({ label, score }) => [label, score.toFixed(4)]));
      expect((await table("faces")).map(([name]) => name)).toEqual(["face 1"]);
      expect((await table("neighbors")).map(([id]) => id)).toEqual(["<b>hopper</b>.jpg", "coffee.png"]);
      expect(await page.evaluate("document.getElementById('picture').width")).toBe(128);
    });

    it("marks the faces in the picture", async () => {
      const orange = await page.evaluate<number>(`(() => {
      const canvas = document.getElementById("picture");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i] > 220 && data[i + 1] < 110 && data[i + 2] < 40) count++;
      return count;
    })()`);
      expect(orange).toBeGreaterThan(100);
    });

    it("takes a picture that is dropped, and says where there is no face", async () => {
      await page.dropFile("#drop", photo("coffee.png"));
      await page.until(`document.getElementById("faces").textContent === "no faces"`);
      await page.until(`document.getElementById("status").textContent === "done"`);
      expect((await table("neighbors"))[0]![0]).toBe("coffee.png");
    });

    it("says what is wrong with a broken picture, and takes the next one", async () => {
      const cut = join(folder, "cut.jpg");
      writeFileSync(cut, readFileSync(photo("hopper.jpg")).subarray(0, 900));
      await page.chooseFile("#file", cut);
      await page.until(`/JPEG/.test(document.getElementById("status").textContent)`);
      const said = await page.evaluate<string>(`document.getElementById("status").textContent`);
      expect(said.match(/JPEG/g)).toHaveLength(1);
      await page.chooseFile("#file", photo("hopper.jpg"));
      await page.until(`document.getElementById("status").textContent === "done"`);
      expect((await table("faces")).map(([name]) => name)).toEqual(["face 1"]);
    });

    it("asks nobody but its server, and breaks no rule of its policy", async () => {
      const elsewhere = page.requests.filter((url) => !url.startsWith(listening.url) && !/^(blob|data):/.test(url));
      expect(elsewhere).toEqual([]);
      expect(page.faults.filter((fault) => !/status of (401|422)/.test(fault))).toEqual([]);
    });
  },
);
