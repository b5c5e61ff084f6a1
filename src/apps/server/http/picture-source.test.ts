import { expect, it } from "vitest";
import { pictureOf } from "./picture-source.js";

const { signal } = new AbortController();
const bytesOf = async (text: string) => [...(await pictureOf(text, undefined, signal)).bytes];

it.each([
  ["AQID", [1, 2, 3]],
  ["AQI=", [1, 2]],
  ["AQI", [1, 2]],
  ["AQ\r\nID\n", [1, 2, 3]],
  ["-_-_", [251, 255, 191]],
  ["data:image/png;base64,AQID", [1, 2, 3]],
  ["DATA:;BASE64,AQID", [1, 2, 3]],
])("reads %j", async (text, bytes) => {
  expect(await bytesOf(text)).toEqual(bytes);
});

it.each(["", "=", "A", "AQ ID", "AQI!", "AQ=ID", "data:image/png,AQID", "data:image/png;base64,", "data:"])(
  "refuses %j as no base64",
  async (text) => {
    await expect(bytesOf(text)).rejects.toMatchObject({ code: "server/bad-request" });
  },
);

it.each(["http://a/b.jpg", "file:///etc/passwd", "ftp://a"])("refuses %s where URLs are off", async (text) => {
  await expect(bytesOf(text)).rejects.toMatchObject({ code: "server/urls-off" });
});
