import { useEffect, useMemo } from "react";
import * as api from "../api";
import { Banner } from "../components/Banner";
import { Coloured, useColoursOf } from "../components/Instance";
import { Panel } from "../components/Panel";
import { countedMembers } from "../fleet/members";
import { series } from "../fleet/series";
import { story } from "../fleet/story";
import { KeyGate, useKey } from "../key";
import { trouble as troubleOf, useLab, useLabTimeline } from "../live";
import { FleetPanel } from "../panels/Fleet";
import { Header } from "../panels/Header";
import { Load } from "../panels/Load";
import { Scaling } from "../panels/Scaling";
import { Why } from "../panels/Why";
import { useSpan } from "../span";
import { useSpeech } from "../words/language";
import { Events } from "./Events";

const isLocked = (error: Error | null) => error instanceof api.Failure && error.status === 401;

/** The fleet of any app, as the emulator of the host counts it. */
export function LabPage() {
  const { words } = useSpeech();
  const { key } = useKey();
  const [chosen, choose] = useSpan();
  const minutes = chosen ?? 5;
  const lab = useLab(true, key);
  const locked = isLocked(lab.error);
  const timeline = useLabTimeline(minutes, key, lab.isSuccess);
  const trouble = locked ? undefined : troubleOf([lab, timeline], undefined);
  const fleet = lab.data;
  const events = timeline.data?.timeline.events;

  const shown = useMemo(() => (fleet ? countedMembers(fleet, events ?? []) : []), [fleet, events]);
  const columns = useMemo(
    () => timeline.data && series(timeline.data.timeline, timeline.data.minutes, fleet),
    [timeline.data, fleet],
  );
  const colours = useColoursOf([...(columns?.instances ?? []), ...shown].map(({ id }) => id));
  const capacity = fleet?.capacity;
  const isFixed = capacity !== undefined && capacity.minimum === capacity.maximum;
  const told = useMemo(() => {
    const rules = isFixed ? [] : (fleet?.rules ?? []);
    const known = fleet && { rules, capacity: fleet.capacity, scaler: null };
    const lab = fleet && { ...fleet, rules };
    return story({ fleet: known, members: shown, series: columns, lab, health: undefined });
  }, [fleet, isFixed, shown, columns]);
  const azure = useMemo(
    () => fleet && { began: Date.parse(fleet.started_at) / 1000, scale: fleet.time_scale },
    [fleet],
  );
  const live = shown.filter((member) => member.state === "live").length;
  useEffect(() => {
    document.title = fleet ? `${live} · ${words.lab.title}` : words.lab.title;
  }, [live, fleet, words]);

  return (
    <Coloured value={colours}>
      <a href="#fleet" className="skip">
        {words.skip}
      </a>
      <div className="hero">
        <div className="wrap">
          <Header
            title={words.lab.title}
            connected={lab.isSuccess && timeline.isSuccess}
            trouble={trouble}
            health={undefined}
            lab={fleet}
          />
        </div>
      </div>
      <Banner trouble={trouble} />
      {locked ? (
        <main className="wrap py-8">
          <Panel heading={words.fleet.heading} className="mx-auto max-w-xl">
            <KeyGate
              label={words.lab.masterKey}
              why={words.lab.locked}
              check={(typed) => api.lab({ key: typed })}
            />
          </Panel>
        </main>
      ) : (
        <main data-stale={trouble ? "" : undefined}>
          <div className="hero">
            <div className="wrap pt-2 pb-8">
              {isFixed ? (
                <Fixed {...words.lab.fixed(capacity.maximum)} />
              ) : (
                <Why story={told} provisioning={fleet?.provision_seconds} />
              )}
            </div>
          </div>
          <div className="wrap layout layout-lab">
            <FleetPanel
              className="in-fleet"
              members={shown}
              capacity={capacity}
              now={fleet && Date.parse(fleet.now)}
            />
            <Load
              className="in-load"
              series={columns}
              rate={live > 0 ? fleet?.requests_per_second : undefined}
              azure={azure}
            />
            <Scaling
              className="in-scaling"
              series={columns}
              story={told}
              minutes={minutes}
              choose={choose}
              azure={azure}
            />
            <Events className="in-events" events={events} />
          </div>
        </main>
      )}
      <p className="sr-only" role="status">
        {fleet && words.sum(live)}
      </p>
    </Coloured>
  );
}

/** Where no rule changes how many there are. */
function Fixed({ head, text }: { head: string; text: string }) {
  return (
    <section className="min-w-0">
      <p
        className="text-[clamp(1.7rem,3.1vw,2.7rem)] leading-[1.08] font-bold tracking-tight"
        data-testid="headline"
      >
        {head}
      </p>
      <p className="mt-2 max-w-[62ch] text-lg text-hero-soft">{text}</p>
    </section>
  );
}
