import { useId } from "react";

type Props = {
  label: string;
  /** Whether the label is shown; else only a screen reader says it. */
  visible?: boolean;
  value: string;
  change: (value: string) => void;
  least: number;
  most?: number;
  /** What is wrong with the value and what to enter instead; shown below. */
  problem: string | undefined;
  placeholder?: string;
  className?: string;
};

/** A field for a number that says so when the number is out of its range. */
export function NumberField({
  label,
  visible = true,
  value,
  change,
  least,
  most,
  problem,
  placeholder,
  className = "w-full",
}: Props) {
  const id = useId();
  return (
    // Fields side by side keep their inputs in one line where a label needs two.
    <div className="row-span-3 grid min-w-0 grid-rows-subgrid gap-y-0">
      <label htmlFor={id} className={visible ? "mb-1 block text-sm text-soft" : "sr-only"}>
        {label}
      </label>
      <input
        id={id}
        type="number"
        inputMode="numeric"
        min={least}
        max={most}
        placeholder={placeholder}
        value={value}
        onChange={(event) => change(event.target.value)}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `${id}-problem`}
        className={`field ${className}`}
      />
      <p id={`${id}-problem`} role="alert" className="mt-1 text-sm font-semibold text-bad empty:mt-0">
        {problem}
      </p>
    </div>
  );
}

/** A number as it was typed, if it is one from `least` to `most`. */
export function typedNumber(typed: string, least: number, most: number, whole: boolean): number | undefined {
  const value = typed.trim() === "" ? Number.NaN : Number(typed);
  return value >= least && value <= most && (!whole || Number.isInteger(value)) ? value : undefined;
}
