/** What is wrong with a JSON text, and at which byte. The caller turns it into an error that names the file. */
export class JsonSyntaxError extends Error {
  constructor(
    readonly kind: "not-json" | "not-utf8" | "too-deep" | "duplicate-key",
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

/** serde_json's limit of 128, as it counts: the root is level 1 and level 128 is refused. */
const MAX_DEPTH = 127;
/** The grammar of RFC 8259, section 6. */
const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const ESCAPES: Record<string, string> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

export type JsonKind = "object" | "array" | "string" | "number" | "true" | "false" | "null";

/**
 * Strict JSON (RFC 8259) read token by token from bytes. Unlike `JSON.parse` it sees what a header's rules speak of: how a
 * number was written, keys that stand twice, lone surrogates, overlong UTF-8. It makes no objects, so a file's names can't
 * touch a prototype, and it reads nothing but what it is asked for.
 */
export class JsonTokens {
  #at = 0;
  #depth = 0;

  constructor(readonly bytes: Uint8Array) {}

  /** The next byte to read, counted from the start of the text. */
  get offset(): number {
    return this.#at;
  }

  /** The kind of the value that comes next. */
  peek(): JsonKind {
    this.#skipSpace();
    switch (this.bytes[this.#at]) {
      case 0x7b:
        return "object";
      case 0x5b:
        return "array";
      case QUOTE:
        return "string";
      case 0x74:
        return this.#word("true");
      case 0x66:
        return this.#word("false");
      case 0x6e:
        return this.#word("null");
      default:
        if (this.#isNumberByte(this.bytes[this.#at])) return "number";
        return this.#fail(
          this.#at < this.bytes.length ? "no JSON value begins here" : "the text ends where a value should be",
        );
    }
  }

  /** Reads an object; `onKey` reads the value of each key. A key that stands twice is refused. */
  readObject(onKey: (key: string) => void): void {
    const seen = new Set<string>();
    this.#readList("{", "}", () => {
      this.#skipSpace();
      const begin = this.#at;
      if (this.bytes[begin] !== QUOTE) this.#fail("an object's key must be a string in double quotes");
      const key = this.readString();
      if (seen.has(key))
        throw new JsonSyntaxError("duplicate-key", `the key ${JSON.stringify(key.slice(0, 120))} stands twice`, begin);
      seen.add(key);
      this.#skipSpace();
      if (this.bytes[this.#at] !== 0x3a) this.#fail('a ":" must follow an object\'s key');
      this.#at++;
      onKey(key);
    });
  }

  /** Reads an array; `onItem` reads each item. */
  readArray(onItem: () => void): void {
    this.#readList("[", "]", onItem);
  }

  /** Reads a string and undoes its escapes. A lone surrogate or a raw control character is refused. */
  readString(): string {
    if (this.peek() !== "string") this.#fail("a string should be here");
    const begin = ++this.#at;
    let escaped = false;
    let ascii = true;
    for (; ; this.#at++) {
      const byte = this.bytes[this.#at];
      if (byte === undefined) this.#fail("the text ends inside a string");
      if (byte === QUOTE) break;
      if (byte < 0x20) this.#fail("a control character in a string must be escaped");
      if (byte >= 0x80) ascii = false;
      if (byte === BACKSLASH) {
        escaped = true;
        this.#at++; // Whatever it escapes, it does not end the string; unescape() checks it.
      }
    }
    const text = this.#decode(begin, this.#at, ascii);
    this.#at++;
    return escaped ? this.#unescape(text, begin) : text;
  }

  /** Reads a number exactly as it is written. */
  readNumber(): string {
    if (this.peek() !== "number") this.#fail("a number should be here");
    const begin = this.#at;
    while (this.#isNumberByte(this.bytes[this.#at])) this.#at++;
    const text = this.#decode(begin, this.#at, true);
    if (!NUMBER.test(text)) this.#fail(`${JSON.stringify(text.slice(0, 40))} is no JSON number`, begin);
    return text;
  }

  /** Reads the word `null`, `true` or `false`. */
  readWord(): void {
    this.#at += this.peek().length;
  }

  /** Reads any value and forgets it, checking it as strictly as the others. */
  skipValue(): void {
    const kind = this.peek();
    if (kind === "object") this.readObject(() => this.skipValue());
    else if (kind === "array") this.readArray(() => this.skipValue());
    else if (kind === "string") this.readString();
    else if (kind !== "number") this.readWord();
    // serde_json, the reference's parser, has no number beyond a double's range.
    else if (!Number.isFinite(Number(this.readNumber()))) this.#fail("a number is too large for any reader");
  }

  /** Only white space may follow. */
  expectEnd(): void {
    this.#skipSpace();
    if (this.#at < this.bytes.length) this.#fail("something follows the end of the JSON text");
  }

  #readList(open: "{" | "[", close: "}" | "]", onItem: () => void): void {
    this.#skipSpace();
    if (this.bytes[this.#at] !== open.charCodeAt(0)) this.#fail(`a "${open}" should be here`);
    if (++this.#depth > MAX_DEPTH)
      throw new JsonSyntaxError("too-deep", `values nest deeper than ${MAX_DEPTH} levels`, this.#at);
    this.#at++;
    this.#skipSpace();
    if (this.bytes[this.#at] !== close.charCodeAt(0)) {
      for (;;) {
        onItem();
        this.#skipSpace();
        if (this.bytes[this.#at] !== COMMA) break;
        this.#at++;
      }
      if (this.bytes[this.#at] !== close.charCodeAt(0)) this.#fail(`a "," or "${close}" should be here`);
    }
    this.#at++;
    this.#depth--;
  }

  #skipSpace(): void {
    for (;;) {
      const byte = this.bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  #isNumberByte(byte: number | undefined): boolean {
    if (byte === undefined) return false;
    // 0-9 + - . E e
    return (
      (byte >= 0x30 && byte <= 0x39) ||
      byte === 0x2b ||
      byte === 0x2d ||
      byte === 0x2e ||
      byte === 0x45 ||
      byte === 0x65
    );
  }

  #word<Word extends JsonKind>(word: Word): Word {
    for (let i = 0; i < word.length; i++)
      if (this.bytes[this.#at + i] !== word.charCodeAt(i)) this.#fail("no JSON value begins here");
    return word;
  }

  #decode(begin: number, end: number, ascii: boolean): string {
    // Most strings are short names: this is several times as fast as a TextDecoder for them.
    if (ascii && end - begin <= 256) return String.fromCharCode(...this.bytes.subarray(begin, end));
    try {
      // slice() copies: a TextDecoder may refuse shared memory.
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes.slice(begin, end));
    } catch {
      throw new JsonSyntaxError("not-utf8", "a string is not valid UTF-8", begin);
    }
  }

  #unescape(text: string, offset: number): string {
    const plain = text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]?))/g, (_, hex: string | undefined, letter: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      return ESCAPES[letter] ?? this.#fail(`"\\${letter}" is no JSON escape`, offset);
    });
    if (!isWellFormed(plain)) this.#fail("a string has half of a surrogate pair", offset);
    return plain;
  }

  #fail(message: string, offset = this.#at): never {
    throw new JsonSyntaxError("not-json", message, offset);
  }
}

/** Whether a string has no lone surrogate, so that UTF-8 can hold it. (`String.isWellFormed` is not in every engine of ours.) */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
