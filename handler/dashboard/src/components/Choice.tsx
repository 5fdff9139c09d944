import { useId } from "react";

type Props<T extends string | number> = {
  label: string;
  options: readonly { value: T; text: string; title?: string }[];
  value: T;
  choose: (value: T) => void;
  /** Shown above; else only said by a screen reader. */
  visible?: boolean;
};

/** One of a few, all of them in sight. */
export function Choice<T extends string | number>({ label, options, value, choose, visible }: Props<T>) {
  const name = useId();
  return (
    <fieldset className="min-w-0">
      <legend className={visible ? "mb-1 text-sm text-soft" : "sr-only"}>{label}</legend>
      <div className="choice">
        {options.map((option) => (
          <label key={option.value} title={option.title} className={option.value === value ? "chosen" : ""}>
            <input
              type="radio"
              className="sr-only"
              name={name}
              checked={option.value === value}
              onChange={() => choose(option.value)}
            />
            <span>{option.text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
