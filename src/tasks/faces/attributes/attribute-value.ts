import type { AgeRange } from "./age-range.js";
import type { Emotion, Gender, Race } from "./canonical-labels.js";

/** What a model says about one face. */
export interface AttributeValue<Key extends string = string> {
  /** The label that scores best. */
  value: Key;
  /** Its score, 0 to 1. */
  score: number;
  /** Every label's score. Labels of one key are summed. */
  scores: Partial<Record<Key, number>>;
}

/** An age, out of the scores of age groups. */
export interface AgeValue extends Omit<AttributeValue, "value"> {
  /** Years: the middle of `interval`. */
  value: number;
  /** The age group that scores best, in years, both ends included. */
  interval: AgeRange;
  /** Years: the groups' middles, weighted by their scores. */
  expected: number;
}

/** By the names that were asked for. */
export interface FaceAttributes {
  emotion?: AttributeValue<Emotion>;
  age?: AgeValue;
  gender?: AttributeValue<Gender>;
  race?: AttributeValue<Race>;
  [name: string]: AttributeValue | AgeValue | undefined;
}
