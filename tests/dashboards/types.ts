// What a file of a dashboard may be, by the types that Grafana publishes. The files are plain JSON,
// so an enumeration of texts is the texts; a key that no type has is an error.
import type { AnnotationQuery, Dashboard, FieldConfig, Panel, RowPanel } from "@grafana/schema";
import type * as lines from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as states from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";

type Plain<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends (infer Item)[]
      ? Plain<Item>[]
      : T extends object
        ? { [Key in keyof T]: Plain<T[Key]> }
        : T;

// Grafana publishes no types of queries; these are the fields of its editors.
type PrometheusQuery = {
  refId: string;
  expr: string;
  legendFormat: string;
  range: boolean;
  instant: boolean;
  exemplar: boolean;
};
type InfluxQuery = {
  refId: string;
  query: string;
  rawQuery: true;
  resultFormat: "time_series" | "table";
  alias: string;
};

// Grafana lets a panel have any option and any way to draw; those of its kind are what it reads.
type With<Type extends string, Options, Custom> = Omit<
  Plain<Panel>,
  "type" | "targets" | "options" | "fieldConfig"
> & {
  type: Type;
  targets: (PrometheusQuery | InfluxQuery)[];
  options: Plain<Options>;
  fieldConfig: {
    defaults: Omit<Plain<FieldConfig>, "custom"> & { custom?: Plain<Custom> };
    overrides: [];
  };
};

type AnyPanel =
  | With<"timeseries", Partial<lines.Options>, lines.FieldConfig>
  | With<"stat", Partial<stat.Options>, Record<string, never>>
  | With<"state-timeline", Partial<states.Options>, Partial<states.FieldConfig>>
  | Plain<RowPanel>;

// What the source for Prometheus keeps with an annotation.
type Annotation = Plain<AnnotationQuery> & {
  expr?: string;
  titleFormat?: string;
  textFormat?: string;
  step?: string;
};

export type File = Omit<Plain<Dashboard>, "panels" | "annotations"> & {
  panels: AnyPanel[];
  annotations: { list: Annotation[] };
};
