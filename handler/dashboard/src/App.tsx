import { useEffect, useLayoutEffect, useMemo, useState } from "react";
import { Banner } from "./components/Banner";
import { Coloured, useColoursOf } from "./components/Instance";
import { fleetEvents } from "./fleet/events";
import { members, serverTime } from "./fleet/members";
import { series } from "./fleet/series";
import { story } from "./fleet/story";
import { useKey } from "./key";
import { trouble as troubleOf, useFleet, useHealth, useLab, useTimeline, useVisits } from "./live";
import { CpuTest } from "./panels/CpuTest";
import { Events } from "./panels/Events";
import { FleetPanel } from "./panels/Fleet";
import { Header } from "./panels/Header";
import { Load } from "./panels/Load";
import { Recent } from "./panels/Recent";
import { Scaling } from "./panels/Scaling";
import { ViewControls } from "./panels/ViewControls";
import { Visits } from "./panels/Visits";
import { WhatIf } from "./panels/WhatIf";
import { Why } from "./panels/Why";
import { recallPresent, rememberPresent } from "./remember";
import { useSpan } from "./span";
import { Stale } from "./stale";
import { useWide } from "./wide";
import { useSpeech } from "./words/language";

const TITLE = "Elastic Visits";
/** Events in the list at most. */
const EVENTS = { usual: 10, present: 3 };

/** The page: what is known, handed to what shows it. */
export function App() {
  const { words } = useSpeech();
  const { key } = useKey();
  const [present, choosePresent] = usePresent();
  const health = useHealth();
  const visits = useVisits();
  const fleet = useFleet();
  const lab = useLab(health.data?.environment === "development", key);
  const [minutes, choose] = useSpan(lab.data?.time_scale ?? 1, 60);
  const timeline = useTimeline(minutes);
  const trouble = troubleOf([visits, fleet, timeline], health.data);

  const shown = useMemo(() => members(fleet.data, lab.data), [fleet.data, lab.data]);
  const columns = useMemo(
    () =>
      timeline.data &&
      series(timeline.data.timeline, timeline.data.minutes, lab.data, words.fleet.states.lost),
    [timeline.data, lab.data, words],
  );
  const colours = useColoursOf([...(columns?.instances ?? []), ...shown].map(({ id }) => id));
  const told = useMemo(
    () => story({ fleet: fleet.data, members: shown, series: columns, lab: lab.data, health: health.data }),
    [fleet.data, shown, columns, lab.data, health.data],
  );
  const capacity = lab.data?.capacity ?? fleet.data?.capacity ?? undefined;
  const azure = useMemo(
    () => lab.data && { began: Date.parse(lab.data.started_at) / 1000, scale: lab.data.time_scale },
    [lab.data],
  );
  const serving = shown.filter((member) => member.state === "live" || member.state === "draining");
  const rate = serving.reduce((sum, member) => sum + (member.report?.requests_per_second ?? 0), 0);
  const live = shown.filter((member) => member.state === "live").length;
  useEffect(() => {
    document.title = fleet.data ? `${live} · ${TITLE}` : TITLE;
  }, [live, fleet.data]);

  const events = useMemo(
    () => (timeline.data ? fleetEvents(timeline.data.timeline, lab.data) : []),
    [timeline.data, lab.data],
  );

  const part = {
    story: <Why story={told} provisioning={lab.data?.provision_seconds} />,
    test: <CpuTest members={shown} asOf={fleet.dataUpdatedAt} timeScale={lab.data?.time_scale} />,
    fleet: <FleetPanel members={shown} capacity={capacity} now={serverTime(fleet.data)} />,
    scaling: (
      <Scaling
        series={columns}
        story={told}
        minutes={minutes}
        choose={choose}
        azure={azure}
        present={present}
      />
    ),
    load: (
      <Load
        series={columns}
        rate={serving.length > 0 ? rate : undefined}
        azure={azure}
        note={words.load.own}
        brief={present}
      />
    ),
    visits: <Visits total={visits.data?.total_visits} brief={present} />,
  };
  return (
    <Coloured value={colours}>
      <Stale value={trouble !== undefined}>
        <a href="#story" className="skip">
          {words.skip}
        </a>
        <div className={present ? "page page-present" : "page"} data-stale={trouble ? "" : undefined}>
          <div className="hero">
            <div className="wrap">
              <Header
                title={TITLE}
                connected={visits.isSuccess && fleet.isSuccess}
                trouble={trouble}
                health={health.data}
                lab={lab.data}
              >
                <ViewControls minutes={minutes} present={present} choose={choosePresent} />
              </Header>
            </div>
          </div>
          <Banner trouble={trouble} />
          <main>
            <div className="hero">
              <div className="wrap top">
                {part.story}
                {part.test}
              </div>
            </div>
            <div className="wrap layout">
              {part.fleet}
              {present ? (
                <div className="columns">
                  {part.scaling}
                  <div className="column">
                    {part.load}
                    {part.visits}
                    <Events events={events} most={EVENTS.present - (trouble ? 1 : 0)} className="grow" />
                  </div>
                </div>
              ) : (
                <div className="columns">
                  <div className="column">
                    {part.scaling}
                    <Recent visits={visits.data?.recent_visits} className="in-recent grow" />
                  </div>
                  <div className="column">
                    {part.load}
                    {part.visits}
                    <Events events={events} most={EVENTS.usual} className="grow" />
                  </div>
                </div>
              )}
              {!present && lab.data && <WhatIf />}
            </div>
          </main>
          {!present && <Footer version={health.data?.version} />}
          <p className="sr-only" role="status">
            {fleet.data && words.sum(live)}
          </p>
        </div>
      </Stale>
    </Coloured>
  );
}

function Footer({ version }: { version: string | undefined }) {
  const { words } = useSpeech();
  return (
    <footer className="wrap flex flex-wrap gap-x-5 gap-y-2 pb-10 text-sm text-soft">
      <a href="/api/openapi.json">{words.footer.api}</a>
      <a href="/metrics">{words.footer.metrics}</a>
      <a href="/health">{words.footer.health}</a>
      {version && <span>{words.footer.version(version)}</span>}
    </footer>
  );
}

/** Whether everything is on one screen, as the address says, and what changes that. */
function usePresent(): [boolean, (present: boolean) => void] {
  const [asked, setAsked] = useState(recallPresent);
  const present = useWide() && asked;
  useLayoutEffect(() => {
    document.documentElement.toggleAttribute("data-present", present);
  }, [present]);
  return [
    present,
    (present) => {
      rememberPresent(present);
      setAsked(present);
    },
  ];
}
