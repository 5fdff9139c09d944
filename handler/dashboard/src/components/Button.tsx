import type { ButtonHTMLAttributes } from "react";

type Props = ButtonHTMLAttributes<HTMLButtonElement> & {
  kind: "primary" | "quiet" | "danger";
  small?: boolean;
};

/** A button; `primary` is what its panel is for, `danger` stops or kills. */
export function Button({ kind, small, className = "", type = "button", ...rest }: Props) {
  return (
    <button
      type={type}
      className={`button button-${kind} ${small ? "px-3 py-1.5 text-sm" : "px-4 py-2.5"} ${className}`}
      {...rest}
    />
  );
}
