import { type ReactNode, useId } from "react";

type Props = {
  heading: string;
  /** Beside the heading, at the other end. */
  aside?: ReactNode;
  className?: string;
  id?: string;
  children: ReactNode;
};

/** A part of the page with a heading. */
export function Panel({ heading, aside, className = "", id, children }: Props) {
  const name = useId();
  return (
    <section
      id={id}
      // What is skipped to must be able to take the focus.
      tabIndex={id ? -1 : undefined}
      aria-labelledby={name}
      className={`panel ${className}`}
    >
      <div className="mb-3 flex flex-wrap items-baseline justify-between gap-x-4 gap-y-2">
        <h2 id={name} className="text-lg font-semibold tracking-tight">
          {heading}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
