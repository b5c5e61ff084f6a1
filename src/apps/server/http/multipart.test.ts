import { describe, expect, it } from "vitest";
import { parseMultipart } from "./multipart.js";

const LINE_END = "\r\n";
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const form = (parts: readonly string[], boundary = "b") =>
  Buffer.from(
    `${parts.map((part) => `--${boundary}${LINE_END}${part}${LINE_END}`).join("")}--${boundary}--${LINE_END}`,
  );
const file = (disposition: string, body = "bytes", more = "") =>
  `Content-Disposition: form-data; ${disposition}${LINE_END}${more}${LINE_END}${body}`;
const parse = (body: Buffer, boundary = "b") => parseMultipart(body, `multipart/form-data; boundary=${boundary}`);

describe("parseMultipart", () => {
  it("reads what FormData writes, byte by byte", async () => {
    const data = new FormData();
    const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => [13, 10, 45, 45, i % 256][i % 5]!);
    data.append("image", new File([bytes], 'fri"ends ü.jpg'));
    data.append("text", "a value");
    const response = new Response(data);
    const body = new Uint8Array(await response.arrayBuffer());
    const [image, field] = parseMultipart(body, response.headers.get("content-type")!)!;
    expect(image).toMatchObject({ name: "image", fileName: 'fri"ends ü.jpg' });
    expect(Buffer.compare(image!.bytes, bytes)).toBe(0);
    expect([field!.name, field!.fileName, text(field!.bytes)]).toEqual(["text", undefined, "a value"]);
  });

  it.each<[string, string, string | undefined]>([
    ["a name", 'name="x"; filename="a.jpg"', "a.jpg"],
    ["a name without quotes", "name=x; filename=a.jpg", "a.jpg"],
    ["curl's escapes", 'name="x"; filename="a\\"b\\\\c.jpg"', 'a"b\\c.jpg'],
    ["a name in RFC 5987's form", "name=\"x\"; filename*=utf-8''na%C3%AFve.jpg", "naïve.jpg"],
    ["an empty name", 'name="x"; filename=""', ""],
    ["no file's name", 'name="x"', undefined],
  ])("reads a part with %s", (_, disposition, fileName) => {
    const [part, ...others] = parse(form([file(disposition)]))!;
    expect([part!.fileName, text(part!.bytes), others]).toEqual([fileName, "bytes", []]);
  });

  it("takes a part that says it is a picture for a file", () => {
    const [part] = parse(form([file('name="x"', "bytes", `Content-Type: image/jpeg${LINE_END}`)]))!;
    expect(part!.fileName).toBe("");
  });

  it("takes boundaries of 1 to 70 characters, also quoted, a preamble, and empty parts", () => {
    for (const boundary of ["b", "x".repeat(70)])
      expect(parse(form([file('name="x"', "")], boundary), boundary)).toMatchObject([{ name: "x" }]);
    expect(parse(form([file('name="x"')], "a b?"), '"a b?"')).toHaveLength(1);
    expect(parse(Buffer.concat([Buffer.from(`hello${LINE_END}`), form([file('name="x"')])]))).toHaveLength(1);
    expect(parse(form([]))).toEqual([]);
  });

  it.each<[string, Buffer, string]>([
    ["no boundary in it", Buffer.from("x"), "b"],
    ["another boundary", form([file('name="x"')]), "c"],
    ["an empty boundary", form([file('name="x"')], ""), ""],
    ["a boundary of 71 characters", form([file('name="x"')], "x".repeat(71)), "x".repeat(71)],
    ["no end", form([file('name="x"')]).subarray(0, -8), "b"],
    ["a part without a name", form([file('filename="x"')]), "b"],
    ["a part without headers", form(["x"]), "b"],
    ["a part of another kind", form([`Content-Disposition: attachment; name="x"${LINE_END}${LINE_END}x`]), "b"],
    ["a head of 9,000 bytes", form([file('name="x"', "x", `X: ${"x".repeat(9_000)}${LINE_END}`)]), "b"],
    ["1,001 parts", form(Array.from({ length: 1_001 }, () => file('name="x"'))), "b"],
  ])("gives nothing for a body with %s", (_, body, boundary) => {
    expect(parse(body, boundary)).toBeUndefined();
  });
});
