/** Windows of silence: what is alike is told once, and then, when its window is over, how many more there were. Needs the grant `state`, where they are kept. */
import type { Value } from "./index.js";

/** A window. Times are seconds since the Unix epoch. */
export interface Window {
  /** What is alike in it. */
  key: string;
  /** When it was opened. */
  since: number;
  /** When it ends, or ended. */
  until: number;
  /** How many were not told on their own. */
  more: number;
  /** When the last of them came. */
  last: number;
  /** What it was opened with. */
  about?: Value;
}

/** Those of an artifact, as the turns before have left them: read them at a turn's beginning, `save` them at its end. */
export class Windows {
  /**
   * @param options.seconds how long a window is; with 0 everything is told
   * @param options.most how many are open at once, 500 where nothing is said; with one more, the oldest ends early
   * @param options.largest how many bytes of state they hold, 400,000 where nothing is said; with more, the oldest end early
   * @param options.name the key in `state`
   */
  constructor(options: { seconds: number; most?: number; largest?: number; name?: string });
  /** Something has come: whether it is to be told, in which case a window opens, kept with `about`; and how many more there were in the window before, if nobody told of them. */
  arrives(key: string, now: number, about?: Value): { tell: boolean; more: number };
  /** Counts into the open window what was to be told and could not be. False where there is none. */
  add(key: string, count?: number): boolean;
  /** Closes a window before its time; gives how many were not told on their own. */
  close(key: string): number;
  /** Takes out the windows that are over, or had to make room, and gives those in which there was more to tell, the oldest first. */
  ended(now: number): Window[];
  /** Keeps them for the next turn. */
  save(): void;
}

/** A key of at most `longest` characters, 255 where nothing is said: a longer one is cut, and ends in its digest. */
export function keyOf(text: string, longest?: number): string;
