import { type ReactNode, useId, useLayoutEffect, useRef, useState } from "react";
import { useSpeech } from "../words/language";

type Props = {
  children: ReactNode /** The term in words, for a screen reader. */;
  term: string;
  text: string;
};

/** Room between the explanation and the edges of the screen, in CSS pixels. */
const EDGE = 8;

/** A term that explains itself: a press, a touch, or the mouse over it shows what it means. */
export function Term({ children, term, text }: Props) {
  const { words } = useSpeech();
  const [open, setOpen] = useState(false);
  const [shift, setShift] = useState(0);
  const id = useId();
  const note = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    if (!open || !note.current) return;
    const { left, right } = note.current.getBoundingClientRect();
    const beyond = right - (document.documentElement.clientWidth - EDGE);
    if (beyond > 0) setShift(-Math.min(beyond, left - EDGE));
  }, [open]);
  const close = () => {
    setOpen(false);
    setShift(0);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the mouse is a shortcut; the button inside does the same
    <span className="term" onMouseEnter={() => setOpen(true)} onMouseLeave={close}>
      {children}
      <button
        type="button"
        className="term-button"
        aria-label={words.more(term)}
        aria-expanded={open}
        aria-describedby={open ? id : undefined}
        onClick={() => setOpen(true)}
        onBlur={close}
        onKeyDown={(event) => event.key === "Escape" && close()}
      >
        <span aria-hidden="true">?</span>
      </button>
      {open && (
        <span ref={note} id={id} role="tooltip" className="term-note" style={{ marginLeft: `${shift}px` }}>
          {text}
        </span>
      )}
    </span>
  );
}
