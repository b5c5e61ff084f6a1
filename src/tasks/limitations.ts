import { ageRange } from "./faces/attributes/age-range.js";
import { canonicalKey, EMOTIONS, GENDERS, type LabelTable, RACES } from "./faces/attributes/canonical-labels.js";

/** What models of an attribute can't know, in a sentence or two that people are shown beside their answers. */
const LIMITATIONS = {
  emotion:
    "Emotion: a label for how a face looks in one picture, not for what the person feels. Posed, mixed and culturally different expressions are often misread; people themselves agree with about two thirds of the labels of FER2013 (Goodfellow et al., 2013).",
  age: "Age: an estimate of apparent age that is years off for many people, most for children, the old, and groups that the training data has few of. No proof of age.",
  gender:
    "Gender: a guess from looks in two categories, wrong for many people and unevenly so; it says nothing of anyone's identity.",
  race: "Race: a guess at categories that differ between countries and data sets, with error rates that differ between groups. The European Union's AI Act, Article 5(1)(g), prohibits categorizing people this way from biometric data.",
} as const;

/** Where emotions may not be inferred at all. */
const LAW =
  "The European Union's AI Act, Article 5(1)(f), prohibits inferring emotions at work and in education, with few exceptions: check what applies to you.";

export type SensitiveAttribute = keyof typeof LIMITATIONS;

/** What holds of every search for faces. */
export const DETECTION_LIMITATION =
  "Faces: small, covered, turned-away and badly lit ones are missed, and now and then something else is taken for one. Counts are estimates; where faces were hidden, a person must look whether all are.";

/** What holds of groups of faces. */
export const GROUP_LIMITATION =
  "Groups: faces that look alike to a model, which is a guess that they are one person's and no proof of identity.";

/** The limitations of some attributes, by name. */
export function limitationsOf(names: Iterable<string>): string[] {
  const asked = new Set(names);
  const known = (Object.keys(LIMITATIONS) as SensitiveAttribute[]).filter((name) => asked.has(name));
  return [...known.map((name) => LIMITATIONS[name]), ...(asked.has("emotion") ? [LAW] : [])];
}

const TABLES: Readonly<Record<Exclude<SensitiveAttribute, "age">, LabelTable>> = {
  emotion: EMOTIONS,
  gender: GENDERS,
  race: RACES,
};
/** A checkpoint speaks of an attribute if so many of its labels do: one or two extra ones, such as "contempt", change nothing. */
const MOST_LABELS = 0.6;

/** The sensitive attribute that a checkpoint's labels speak of, if it is one. */
export function attributeOfLabels(labels: readonly string[]): SensitiveAttribute | undefined {
  if (labels.length < 2) return undefined;
  const speakOf = (means: (label: string) => boolean) => labels.filter(means).length >= MOST_LABELS * labels.length;
  // Plain numbers may count anything; ranges are ages.
  const isAgeGroup = (label: string) => {
    const range = ageRange(label);
    return range !== undefined && range[0] < range[1];
  };
  if (speakOf(isAgeGroup)) return "age";
  const names = Object.keys(TABLES) as (keyof typeof TABLES)[];
  return names.find((name) => speakOf((label) => canonicalKey(TABLES[name], label) !== undefined));
}
