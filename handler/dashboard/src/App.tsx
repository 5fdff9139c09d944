import { useEffect, useMemo } from "react";
import { Banner } from "./components/Banner";
import { Coloured, useColoursOf } from "./components/Instance";
import { members, serverTime } from "./fleet/members";
import { series } from "./fleet/series";
import { story } from "./fleet/story";
import { useKey } from "./key";
import { trouble as troubleOf, useFleet, useHealth, useLab, useTimeline, useVisits } from "./live";
import { CpuTest } from "./panels/CpuTest";
import { FleetPanel } from "./panels/Fleet";
import { Header } from "./panels/Header";
import { Load } from "./panels/Load";
import { Recent } from "./panels/Recent";
import { Scaling } from "./panels/Scaling";
import { Visits } from "./panels/Visits";
import { Why } from "./panels/Why";
import { useSpan } from "./span";
import { useSpeech } from "./words/language";

const TITLE = "Elastic Visits";

/** The page: what is known, handed to what shows it. */
export function App() {
  const { words } = useSpeech();
  const { key } = useKey();
  const [chosen, choose] = useSpan();
  const health = useHealth();
  const visits = useVisits();
  const fleet = useFleet();
  const lab = useLab(health.data?.environment === "development", key);
  // Under a fast clock five minutes hold hours of Azure's; elsewhere they hold not even one change.
  const fast = (lab.data?.time_scale ?? 1) > 4;
  const minutes = chosen ?? (fast ? 5 : 60);
  const timeline = useTimeline(minutes);
  const trouble = troubleOf([visits, fleet, timeline], health.data);

  const shown = useMemo(() => members(fleet.data, lab.data), [fleet.data, lab.data]);
  const columns = useMemo(
    () => timeline.data && series(timeline.data.timeline, timeline.data.minutes, lab.data),
    [timeline.data, lab.data],
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

  return (
    <Coloured value={colours}>
      <a href="#fleet" className="skip">
        {words.skip}
      </a>
      <div className="hero">
        <div className="wrap">
          <Header
            title={TITLE}
            connected={visits.isSuccess && fleet.isSuccess}
            trouble={trouble}
            health={health.data}
            lab={lab.data}
          />
        </div>
      </div>
      <Banner trouble={trouble} />
      <main data-stale={trouble ? "" : undefined}>
        <div className="hero">
          <div className="wrap grid gap-x-14 gap-y-8 pt-2 pb-8 lg:grid-cols-[minmax(19rem,1fr)_minmax(0,1.55fr)]">
            <Visits total={visits.data?.total_visits} />
            <Why story={told} provisioning={lab.data?.provision_seconds} />
          </div>
        </div>
        <div className="wrap layout">
          <FleetPanel className="in-fleet" members={shown} capacity={capacity} now={serverTime(fleet.data)} />
          <CpuTest
            className="in-test"
            members={shown}
            asOf={fleet.dataUpdatedAt}
            timeScale={lab.data?.time_scale}
          />
          <Scaling
            className="in-scaling"
            series={columns}
            story={told}
            minutes={minutes}
            choose={choose}
            azure={azure}
          />
          <Load
            className="in-load"
            series={columns}
            rate={serving.length > 0 ? rate : undefined}
            azure={azure}
            note={words.load.own}
          />
          <Recent className="in-recent" visits={visits.data?.recent_visits} />
        </div>
      </main>
      <footer className="wrap flex flex-wrap gap-x-5 gap-y-2 pb-10 text-sm text-soft">
        <a href="/api/openapi.json">{words.footer.api}</a>
        <a href="/metrics">{words.footer.metrics}</a>
        <a href="/health">{words.footer.health}</a>
        {health.data && <span>{words.footer.version(health.data.version)}</span>}
      </footer>
      <p className="sr-only" role="status">
        {fleet.data && words.sum(live)}
      </p>
    </Coloured>
  );
}
