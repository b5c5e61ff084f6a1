import { describe, expect, it } from "vitest";
import { ByteProgress, type DownloadProgress } from "./byte-progress.js";

describe("ByteProgress", () => {
  it("adds up files, tells at most every 100 ms, and always the end", () => {
    const events: DownloadProgress[] = [];
    const progress = new ByteProgress((event) => void events.push(event));
    progress.expect("a", 1000);
    progress.expect("b", 500);
    for (let bytes = 1; bytes <= 1000; bytes++) progress.set("a", bytes);
    progress.set("b", 500);
    expect(events.length).toBeLessThan(10);
    expect(events[0]).toEqual({ file: "a", fileLoaded: 1, fileTotal: 1000, loaded: 1, total: 1500 });
    expect(events.at(-1)).toEqual({ file: "b", fileLoaded: 500, fileTotal: 500, loaded: 1500, total: 1500 });
  });

  it("passes over files that it was not told of, and calls without a listener", () => {
    const events: DownloadProgress[] = [];
    new ByteProgress((event) => void events.push(event)).set("index", 5);
    expect(events).toEqual([]);
    const silent = new ByteProgress(undefined);
    silent.expect("a", 1);
    silent.set("a", 1);
  });
});
