/** What may be logged about an event. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** A logger as pino's is: pass one of pino's own to have its transports. */
export interface Logger {
  info(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** Pino's numbers for levels. */
const LEVELS = { info: 30, error: 50 } as const;
/** Characters of a field, and bytes of a line. */
const LONGEST_FIELD = 1_500;
const LONGEST_LINE = 8_000;

/** One JSON object a line, with pino's names of fields. Nothing that was sent can break or begin a line. */
export function jsonLog(write: (line: string) => void): Logger {
  const at = (level: keyof typeof LEVELS) => (fields: LogFields, message: string) => {
    const entry = { level: LEVELS[level], time: Date.now(), ...clip(fields), msg: message.slice(0, LONGEST_FIELD) };
    const line = escapeControls(JSON.stringify(entry));
    write(
      Buffer.byteLength(line) <= LONGEST_LINE
        ? line
        : JSON.stringify({ level: LEVELS[level], time: entry.time, msg: "(too long)" }),
    );
  };
  return { info: at("info"), error: at("error") };
}

function clip(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? value.slice(0, LONGEST_FIELD) : value,
    ]),
  );
}

/** JSON escapes what is below U+0020; terminals and log readers also act on DEL, C1 controls and Unicode's line separators. */
function escapeControls(json: string): string {
  return json.replace(/[\u007f-\u009f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
