import { Failure } from "./api";
import type { Words } from "./words/en";

/** What to tell somebody whose action failed. */
export function sentence(error: unknown, words: Words): string {
  if (!(error instanceof Failure) || error.status === 0) return words.trouble.offline;
  switch (error.status) {
    case 401:
    case 403:
      return words.trouble.key;
    case 429:
      return words.trouble.busy;
    case 404:
      return words.trouble.gone;
    default:
      // The server's own sentence says more.
      if (error.sentence === undefined) return words.trouble.other(error.status);
      return words.said(error.sentence) ?? error.sentence;
  }
}
