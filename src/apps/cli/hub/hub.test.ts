import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { COMMIT } from "../../../io/hub/fake-hub.testing.js";
import { TINY_MODEL, useHubRoom } from "../../../io/hub/hub-room.testing.js";
import { runForTest as run } from "../run-cli.testing.js";

const room = useHubRoom();
const ID = "owner/tiny";
const PHOTO = join(import.meta.dirname, "../../../../conformance/photos/hopper.png");
const bytes = readdirSync(TINY_MODEL).reduce((sum, name) => sum + statSync(join(TINY_MODEL, name)).size, 0);

beforeEach(() => {
  vi.stubEnv("HF_ENDPOINT", room.hub.endpoint);
  vi.stubEnv("HF_HOME", room.folder);
  for (const name of ["HF_HUB_CACHE", "HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) vi.stubEnv(name, "");
  room.hub.add(ID, TINY_MODEL);
});
afterEach(() => vi.unstubAllEnvs());

describe("the command line", () => {
  it("pulls a model, prints its folder alone, and then works without a network", async () => {
    const { code, out, notes } = await run(["pull", ID]);
    expect({ code, out, notes }).toEqual({
      code: 0,
      out: join(room.folder, "hub/models--owner--tiny/snapshots", COMMIT),
      notes: "",
    });
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const classified = await run(["classify", ID, PHOTO, "--engine", "cpu", "--json"]);
    expect(classified.json()[0].labels.length).toBeGreaterThan(1);
    expect((await run(["inspect", ID, "--json"])).json().parameters).toBeGreaterThan(1000);
    const missing = await run(["classify", "owner/other", PHOTO]);
    expect(missing).toMatchObject({ code: 3, notes: expect.stringMatching(/download\/offline.*HF_HUB_OFFLINE/) });
  });

  it("lists what is there, with sizes, revisions and the day of the last use", async () => {
    expect(await run(["list"])).toMatchObject({ code: 0, out: "", notes: expect.stringMatching(/^no models in /) });
    await run(["pull", ID]);
    const { out } = await run(["list"]);
    expect(out).toMatch(
      /^owner\/tiny {2}\d+\.\d kB, last used \d{4}-\d\d-\d\d\n {2}1234\w{36} {2}3 files, .*\(main\)$/,
    );
    expect((await run(["list", "--json"])).json()).toMatchObject([{ id: ID, bytes, revisions: [{ refs: ["main"] }] }]);
    expect((await run(["list", "--json", "--cache-dir", room.folder])).json()).toEqual([]);
  });

  it("removes a model, and says what it does not have", async () => {
    await run(["pull", ID]);
    expect((await run(["rm", ID, "--revision", "main"])).out).toMatch(/^removed owner\/tiny: 1234.* kB freed$/);
    expect(await run(["rm", ID])).toMatchObject({ code: 3, notes: expect.stringContaining("download/not-cached") });
  });

  it("packs a model, and pulls it from the archive with no network", async () => {
    const archive = join(room.folder, "tiny.tar");
    const packed = await run(["pack", ID, "--out", archive]);
    expect(packed.out).toMatch(/^[0-9a-f]{64} {2}config\.json/);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const other = join(room.folder, "other");
    expect((await run(["pull", "--from", archive, "--cache-dir", other])).out).toContain(
      join(other, "models--owner--tiny"),
    );
    expect((await run(["inspect", ID, "--cache-dir", other])).code).toBe(0);
  });

  it.each([
    ["neither a model nor an archive", ["pull"], 2],
    ["both", ["pull", ID, "--from", "x.tar"], 2],
    ["a revision of an archive", ["pull", "--from", "x.tar", "--revision", "main"], 2],
    ["an id that is none", ["pull", "../x"], 2],
    ["a revision that is none", ["pull", ID, "--revision", "../x"], 2],
    ["a revision of a folder", ["inspect", TINY_MODEL, "--revision", "main"], 2],
    ["a model that the Hub does not have", ["pull", "owner/other"], 3],
    ["an archive that is not there", ["pull", "--from", "x.tar"], 3],
  ])("%s: exits as documented", async (_what, argv, code) => {
    expect((await run(argv)).code).toBe(code);
    expect(existsSync(join(room.folder, "hub"))).toBe(false);
  });

  it("ends with 130 when it is interrupted", async () => {
    const controller = new AbortController();
    room.hub.fault = () => {
      controller.abort(new Error("interrupted"));
      return true;
    };
    expect((await run(["pull", ID], { signal: controller.signal })).code).toBe(130);
  });
});
