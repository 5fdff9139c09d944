import type { ButtonHTMLAttributes } from "react";
import { useStale } from "../stale";

type Props = ButtonHTMLAttributes<HTMLButtonElement> & {
  kind: "primary" | "quiet" | "danger";
  small?: boolean;
};

/** A button; `primary` is what its panel is for, `danger` stops or kills. All are off while the data is stale. */
export function Button({ kind, small, className = "", type = "button", disabled, ...rest }: Props) {
  const stale = useStale();
  return (
    <button
      type={type}
      disabled={disabled || stale}
      className={`button button-${kind} ${small ? "px-3 py-1.5 text-sm" : "px-4 py-2.5"} ${className}`}
      {...rest}
    />
  );
}
