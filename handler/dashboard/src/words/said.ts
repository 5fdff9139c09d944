import { ERRORS } from "./spanishErrors";
import { FINDINGS } from "./spanishFindings";
import { RULES } from "./spanishRules";
import { translator } from "./translate";

/** Every sentence of the app and of the emulator that the dashboard shows, in Spanish. */
export const SAID: Record<string, string> = { ...RULES, ...FINDINGS, ...ERRORS };

export const said = translator(SAID);
