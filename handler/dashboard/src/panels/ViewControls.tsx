import { useEffect, useState, useSyncExternalStore } from "react";
import { viewLink } from "../remember";
import { chosenTheme } from "../theme";
import { useSpeech } from "../words/language";

type Props = { minutes: number; present: boolean; choose: (present: boolean) => void };

/** How long the page says that a link was copied, in milliseconds. */
const SAID_MS = 4_000;

/** A link to what is shown, present mode, and full screen. */
export function ViewControls({ minutes, present, choose }: Props) {
  const { words, language } = useSpeech();
  const [said, setSaid] = useState("");
  const full = useFullScreen();
  useEffect(() => {
    if (said === "") return;
    const over = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(over);
  }, [said]);

  const copy = async () => {
    const link = viewLink({ minutes: String(minutes), theme: chosenTheme(), language }, present);
    try {
      await navigator.clipboard.writeText(link);
      setSaid(words.header.copied);
    } catch {
      // A page of another machine without HTTPS may not use the clipboard.
      history.replaceState(null, "", link);
      setSaid(words.header.inAddressBar);
    }
  };
  return (
    <>
      <span className="relative">
        <IconButton label={words.header.linkNote} press={copy}>
          <path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.5-1.5" />
        </IconButton>
        <span role="status" className="said empty:hidden">
          {said}
        </span>
      </span>
      {document.fullscreenEnabled && (
        <IconButton
          className="max-sm:hidden"
          label={full ? words.header.leaveFullScreen : words.header.fullScreen}
          press={() => (full ? document.exitFullscreen() : document.documentElement.requestFullscreen())}
        >
          {full ? (
            <path d="M9 3v6H3M15 3v6h6M9 21v-6H3M15 21v-6h6" />
          ) : (
            <path d="M3 9V3h6M21 9V3h-6M3 15v6h6M21 15v6h-6" />
          )}
        </IconButton>
      )}
      <button
        type="button"
        className="icon-button px-3 font-medium max-sm:hidden"
        aria-pressed={present}
        onClick={() => choose(!present)}
      >
        {present ? words.header.leave : words.header.present}
      </button>
    </>
  );
}

type IconProps = { label: string; press: () => unknown; className?: string; children: React.ReactNode };

function IconButton({ label, press, className = "", children }: IconProps) {
  return (
    <button
      type="button"
      className={`icon-button ${className}`}
      aria-label={label}
      title={label}
      onClick={press}
    >
      <svg
        viewBox="0 0 24 24"
        aria-hidden="true"
        className="size-5 fill-none stroke-current stroke-2"
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {children}
      </svg>
    </button>
  );
}

const subscribe = (listener: () => void) => {
  document.addEventListener("fullscreenchange", listener);
  return () => document.removeEventListener("fullscreenchange", listener);
};

const useFullScreen = () => useSyncExternalStore(subscribe, () => document.fullscreenElement !== null);
