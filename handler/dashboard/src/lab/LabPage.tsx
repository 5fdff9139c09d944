import { useEffect, useMemo } from "react";
import * as api from "../api";
import { Banner } from "../components/Banner";
import { Coloured, useColoursOf } from "../components/Instance";
import { Panel } from "../components/Panel";
import { fleetEvents } from "../fleet/events";
import { countedMembers } from "../fleet/members";
import { series } from "../fleet/series";
import { story } from "../fleet/story";
import { KeyGate, useKey } from "../key";
import { trouble as troubleOf, useLab, useLabTimeline } from "../live";
import { Events } from "../panels/Events";
import { FleetPanel } from "../panels/Fleet";
import { Header } from "../panels/Header";
import { Load } from "../panels/Load";
import { Scaling } from "../panels/Scaling";
import { Why } from "../panels/Why";
import { useSpan } from "../span";
import { Stale } from "../stale";
import { useSpeech } from "../words/language";

const isLocked = (error: Error | null) => error instanceof api.Failure && error.status === 401;

/** Events in the list at most. */
const EVENTS = 20;

/** The fleet of any app, as the emulator of the host counts it. */
export function LabPage() {
  const { words } = useSpeech();
  const { key } = useKey();
  const lab = useLab(true, key);
  const [minutes, choose] = useSpan(lab.data?.time_scale ?? 1, 5);
  const locked = isLocked(lab.error);
  const timeline = useLabTimeline(minutes, key, lab.isSuccess);
  const trouble = locked ? undefined : troubleOf([lab, timeline], undefined);
  const fleet = lab.data;

  const shown = useMemo(() => (fleet ? countedMembers(fleet) : []), [fleet]);
  const columns = useMemo(
    () =>
      timeline.data && series(timeline.data.timeline, timeline.data.minutes, fleet, words.fleet.states.lost),
    [timeline.data, fleet, words],
  );
  const events = useMemo(
    () => (timeline.data ? fleetEvents(timeline.data.timeline, fleet) : []),
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
      <Stale value={trouble !== undefined}>
        <a href="#story" className="skip">
          {words.skip}
        </a>
        <div className="page" data-stale={trouble ? "" : undefined}>
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
            <main>
              <div className="hero">
                <div className="wrap top top-alone">
                  <Why
                    story={told}
                    provisioning={fleet?.provision_seconds}
                    told={isFixed ? words.lab.fixed(capacity.maximum) : undefined}
                  />
                </div>
              </div>
              <div className="wrap layout">
                <FleetPanel members={shown} capacity={capacity} now={fleet && Date.parse(fleet.now)} />
                <div className="columns">
                  <Scaling series={columns} story={told} minutes={minutes} choose={choose} azure={azure} />
                  <div className="column">
                    <Load
                      series={columns}
                      rate={live > 0 ? fleet?.requests_per_second : undefined}
                      azure={azure}
                    />
                    <Events events={events} most={EVENTS} className="grow" />
                  </div>
                </div>
              </div>
            </main>
          )}
          <p className="sr-only" role="status">
            {fleet && words.sum(live)}
          </p>
        </div>
      </Stale>
    </Coloured>
  );
}
