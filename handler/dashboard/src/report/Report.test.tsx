import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { body, fixture } from "./fixtures";
import { Report } from "./Report";
import { textsOf } from "./translate";

afterEach(() => {
  localStorage.clear();
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

/** The page of a run, as its script finds it. */
function open(languages: string[]) {
  vi.spyOn(navigator, "languages", "get").mockReturnValue(languages);
  document.title = "Autoscaling worked · lab demo";
  document.body.innerHTML = body("story");
  const container = document.getElementById("tools") ?? document.body;
  return render(<Report inlined={fixture("story")} file="<!doctype html>" texts={textsOf(document.body)} />, {
    container,
  });
}

const heading = () => document.querySelector("h1")?.textContent?.trim();

test("the browser's language comes first, and the switch changes all of the page and back", () => {
  open(["es-MX", "en"]);
  expect(heading()).toBe("El escalado automático funcionó");
  expect(document.title).toBe("El escalado automático funcionó · lab demo");
  expect(document.documentElement.lang).toBe("es");
  expect(screen.getByRole("heading", { name: "Peticiones por segundo" })).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "English" }));
  expect(heading()).toBe("Autoscaling worked");
  expect(document.documentElement.lang).toBe("en");
  expect(screen.getByRole("heading", { name: "Requests per second" })).toBeTruthy();
  expect(screen.getByRole("button", { name: "English" }).getAttribute("aria-pressed")).toBe("true");
  expect(localStorage.getItem("dashboard.language")).toBe("en");
});

test("a language that there is not gives English, and names stay what they are", () => {
  open(["fr"]);
  expect(heading()).toBe("Autoscaling worked");
  fireEvent.click(screen.getByRole("button", { name: "Español" }));
  expect(document.body.textContent).toContain("lab-3f2a9c");
  expect(document.body.textContent).toContain("http://127.0.0.1:7071");
});

test("the page saves itself as the lab wrote it", async () => {
  open(["en"]);
  const blobs: Blob[] = [];
  const names: string[] = [];
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    blobs.push(blob as Blob);
    return "blob:one";
  });
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    names.push(this.download);
  });
  fireEvent.click(screen.getByRole("button", { name: "Save this page" }));
  expect(names).toEqual(["story.html"]);
  expect(await blobs[0]?.text()).toBe("<!doctype html>");
});
