/** Keys that services agree on, each with the spellings that checkpoints and data sets have for it. */
export type LabelTable = Readonly<Record<string, readonly string[]>>;

/**
 * The seven emotions, in the order of SmartClick, Scaleflex and deepface. Spellings: FER2013 and dima806's ViT (angry … surprise),
 * RAF-DB and FER+ (happiness, sadness), AffectNet (anger), face-api.js (fearful, disgusted, surprised), SmartClick's prose (joy, sadness,
 * anger), KDEF's file names (AN, DI, AF, HA, SA, SU, NE).
 */
export const EMOTIONS = {
  angry: ["anger", "an"],
  disgust: ["disgusted", "di"],
  fear: ["fearful", "afraid", "scared", "af"],
  happy: ["happiness", "joy", "ha"],
  sad: ["sadness", "sa"],
  surprise: ["surprised", "su"],
  neutral: ["neutrality", "noemotion", "ne"],
} as const satisfies LabelTable;

/** As Scaleflex spells them. Spellings: FairFace and rizvandwiki's ViT (male), deepface (Man, Woman), CelebA-like sets (m, f). */
export const GENDERS = {
  Male: ["man", "men", "m", "boy"],
  Female: ["woman", "women", "f", "girl"],
} as const satisfies LabelTable;

/** Scaleflex's and deepface's six, in their order. Spellings: FairFace, whose seven split "asian" in two, and UTKFace. */
export const RACES = {
  asian: ["eastasian", "southeastasian"],
  indian: [],
  black: [],
  white: [],
  "middle eastern": [],
  "latino hispanic": ["latino", "hispanic", "hispaniclatino"],
} as const satisfies LabelTable;

export type Emotion = keyof typeof EMOTIONS;
export type Gender = keyof typeof GENDERS;
export type Race = keyof typeof RACES;

/** The key that a label means, whatever its case and punctuation (`"Latino_Hispanic"`, `"0: HAPPINESS"`); `undefined` if it is none. */
export function canonicalKey(table: LabelTable, label: string): string | undefined {
  const word = lettersOf(label);
  return Object.keys(table).find((key) => lettersOf(key) === word || table[key]!.includes(word));
}

function lettersOf(label: string): string {
  return label.toLowerCase().replace(/[^a-z]/g, "");
}
