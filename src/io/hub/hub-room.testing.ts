import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { FakeHub } from "./fake-hub.testing.js";
import { type Environment, type HubSettings, hubSettings } from "./hub-settings.js";

export const TINY_MODEL = join(import.meta.dirname, "../../../conformance/models/vit");
export const TINY_SHARDED = join(import.meta.dirname, "../../../conformance/models/vit-sharded");

export interface HubRoom {
  hub: FakeHub;
  /** An empty folder. */
  folder: string;
  /** Settings for the fake Hub and a cache in the folder, which wait for milliseconds where real ones wait for seconds. */
  settings: (environment?: Environment) => HubSettings;
}

/** A fake Hub and an empty folder for each test of a file. */
export function useHubRoom(): HubRoom {
  const room = {} as HubRoom;
  beforeEach(async () => {
    room.hub = await FakeHub.start();
    room.folder = mkdtempSync(join(tmpdir(), "vitrail-hub-"));
    room.settings = (environment = {}) => ({
      ...hubSettings(undefined, { HF_ENDPOINT: room.hub.endpoint, HF_HOME: room.folder, ...environment }),
      retryDelayMs: 2,
    });
  });
  afterEach(async () => {
    await room.hub.stop();
    rmSync(room.folder, { recursive: true, force: true });
  });
  return room;
}
