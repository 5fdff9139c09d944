import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { Keyholder } from "./key";
import { makeClient } from "./live";
import "./page.css";
import { followTheme } from "./theme";
import { Speaking } from "./words/language";

followTheme();
const place = document.getElementById("app");
if (place) {
  createRoot(place).render(
    <StrictMode>
      <QueryClientProvider client={makeClient()}>
        <Speaking>
          <Keyholder>
            <App />
          </Keyholder>
        </Speaking>
      </QueryClientProvider>
    </StrictMode>,
  );
}
