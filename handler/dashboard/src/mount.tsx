import { QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { Keyholder } from "./key";
import { makeClient } from "./live";
import "./page.css";
import "./present.css";
import { followTheme } from "./theme";
import { Speaking } from "./words/language";

/** A page with all that its parts need around them. */
export function Surrounded({ children }: { children: ReactNode }) {
  const [client] = useState(makeClient);
  return (
    <QueryClientProvider client={client}>
      <Speaking>
        <Keyholder>{children}</Keyholder>
      </Speaking>
    </QueryClientProvider>
  );
}

/** Shows a page. */
export function mount(page: ReactNode) {
  followTheme();
  const place = document.getElementById("app");
  if (!place) return;
  createRoot(place).render(
    <StrictMode>
      <Surrounded>{page}</Surrounded>
    </StrictMode>,
  );
}
