//! Wrong city layers.

const GAUGES: &str = "gauges.geojson";
const POINTS: &str = "waterlogging-points.geojson";

/// What was done to the harbour city, in which file, from what to what, and what is said.
pub const LAYERS: [(&str, &str, &str, &str, &[&str]); 27] = [
    (
        "not JSON",
        GAUGES,
        "\"features\": [",
        "\"features\": [,",
        &["gauges.geojson:1: column 44: not a GeoJSON FeatureCollection: expected value"],
    ),
    (
        "another kind of JSON",
        GAUGES,
        "\"FeatureCollection\"",
        "\"Topology\"",
        &[
            "gauges.geojson:1: column 19: not a GeoJSON FeatureCollection: unknown value \
           `Topology`, expected `FeatureCollection`",
        ],
    ),
    (
        "a point for a road",
        "roads.geojson",
        "{\"type\": \"LineString\", \"coordinates\": [[122.0, 30.7], [122.01, 30.7], \
         [122.02, 30.7], [122.03, 30.7], [122.04, 30.7]]}",
        "{\"type\": \"Point\", \"coordinates\": [122.0, 30.7]}",
        &["roads.geojson: feature \"rd-01\": must be a LineString, not a Point"],
    ),
    (
        "coordinates swapped",
        POINTS,
        "[122.01, 30.712]",
        "[30.712, 122.01]",
        &[
            "waterlogging-points.geojson: feature \"wp-001\": [30.712, 122.01] is not a WGS 84 \
           [longitude, latitude]; longitude comes first, these look swapped",
        ],
    ),
    (
        "coordinates of a projection",
        GAUGES,
        "[122.01, 30.712]",
        "[350123.4, 3399123.4]",
        &[
            "gauges.geojson: feature \"lg-0001\": [350123.4, 3399123.4] is not a WGS 84 \
           [longitude, latitude]; degrees are wanted, these look like metres",
        ],
    ),
    (
        "a truck of another city",
        "pump-trucks.geojson",
        "[122.0, 30.716]",
        "[12.0, 30.716]",
        &[
            "pump-trucks.geojson: feature \"pt-001\": [12, 30.716] is far outside the city: \
           `bounds` in city.toml is [121.99, 30.69, 122.05, 30.735]",
        ],
    ),
    (
        "a gauge that no layer has",
        POINTS,
        "\"lg-0001\"",
        "\"lg-9999\"",
        &[
            "waterlogging-points.geojson: feature \"wp-001\": property `level_gauge`: gauge \
           lg-9999 is not in gauges.geojson",
        ],
    ),
    (
        "a rain gauge for the depth",
        POINTS,
        "\"level_gauge\": \"lg-0001\"",
        "\"level_gauge\": \"rg-0001\"",
        &[
            "waterlogging-points.geojson: feature \"wp-001\": property `level_gauge`: gauge \
           rg-0001 gives rainfall-intensity, not depth",
        ],
    ),
    (
        "one gauge for two points",
        POINTS,
        "\"lg-0002\"",
        "\"lg-0001\"",
        &[
            "waterlogging-points.geojson: feature \"wp-002\": property `level_gauge`: gauge \
           lg-0001 already belongs to wp-001",
        ],
    ),
    (
        "a district that no layer has",
        POINTS,
        "\"d-01\"",
        "\"d-99\"",
        &[
            "waterlogging-points.geojson: feature \"wp-001\": property `district`: district d-99 \
           is not in districts.geojson",
        ],
    ),
    (
        "a district of a gauge that no layer has",
        GAUGES,
        "\"d-01\"",
        "\"d-99\"",
        &[
            "gauges.geojson: feature \"lg-0001\": property `district`: district d-99 is not in \
           districts.geojson",
        ],
    ),
    (
        "a street of another district",
        POINTS,
        "\"s-0201\"",
        "\"s-0101\"",
        &[
            "waterlogging-points.geojson: feature \"wp-004\": property `street`: street s-0101 is \
           of district d-01, not of d-02",
        ],
    ),
    (
        "a street without its district",
        POINTS,
        "\"district\": \"d-02\", \"street\"",
        "\"street\"",
        &[
            "waterlogging-points.geojson: feature \"wp-004\": property `street`: street s-0201 is \
           named without its `district`",
        ],
    ),
    (
        "an id given twice",
        "pump-trucks.geojson",
        "\"pt-002\"",
        "\"pt-001\"",
        &[
            "pump-trucks.geojson: feature \"pt-001\": the id stands twice in this file, again as \
           feature number 2",
        ],
    ),
    (
        "no id",
        "shelters.geojson",
        "\"id\": \"sh-001\", ",
        "",
        &[
            "shelters.geojson: feature number 1: has no `id` (beside `type`, not among the \
           properties)",
        ],
    ),
    (
        "a storage curve that falls",
        POINTS,
        "[[0, 0], [0.15, 16], [0.5, 170]",
        "[[0, 0], [0.15, 16], [0.1, 170]",
        &[
            "waterlogging-points.geojson: feature \"wp-001\": property `storage`: depth and volume \
           must both rise from pair to pair, from [0, 0] on; see pair 3",
        ],
    ),
    (
        "a storage curve of single numbers",
        POINTS,
        "[0.15, 16]",
        "[0.15]",
        &[
            "waterlogging-points.geojson: feature \"wp-001\": property `storage`: invalid length \
           1, expected a pair of numbers in [ ]",
        ],
    ),
    (
        "thresholds that do not rise",
        POINTS,
        "\"weight\": 4",
        "\"weight\": 4, \"thresholds\": {\"closure_m\": 0.1}",
        &[
            "waterlogging-points.geojson: feature \"wp-001\": property `thresholds`: thresholds \
           must rise: notice_m < waterlogged_m < closure_m < severe_m, all above 0",
        ],
    ),
    (
        "a threshold with a typo",
        POINTS,
        "\"weight\": 4",
        "\"weight\": 4, \"thresholds\": {\"closure\": 0.3}",
        &[
            "waterlogging-points.geojson: feature \"wp-001\": property `thresholds`: unknown key \
           `closure`, expected one of `notice_m`, `waterlogged_m`, `closure_m`, `severe_m`, \
           `hysteresis_m`, `hold_s`",
        ],
    ),
    (
        "an unknown parameter: told once, not again by the point that names the gauge",
        GAUGES,
        "\"depth\"",
        "\"deepness\"",
        &[
            "gauges.geojson: feature \"lg-0001\": property `parameter`: unknown value `deepness`, \
           expected one of `depth`, `stage`, `water-level`, `rainfall-depth`, \
           `rainfall-intensity`",
        ],
    ),
    (
        "two things wrong with one point: both are said",
        POINTS,
        "\"catchment_ha\": 3.2, \"runoff\": 0.85",
        "\"catchment_ha\": \"3.2\", \"runoff\": 85",
        &[
            "waterlogging-points.geojson: feature \"wp-001\": property `catchment_ha`: invalid \
             type: string \"3.2\", expected a number",
            "waterlogging-points.geojson: feature \"wp-001\": property `runoff`: is 85; it must \
             be from 0 to 1",
        ],
    ),
    (
        "a class of road that is not known",
        "roads.geojson",
        "\"arterial\"",
        "\"primary\"",
        &[
            "roads.geojson: feature \"rd-01\": property `class`: unknown value `primary`, expected \
           one of `motorway`, `arterial`, `street`",
        ],
    ),
    (
        "a truck without its capacity",
        "pump-trucks.geojson",
        "\"capacity_m3h\": 1000, ",
        "",
        &["pump-trucks.geojson: feature \"pt-001\": property `capacity_m3h`: is missing"],
    ),
    (
        "a key of the city with a typo",
        "city.toml",
        "name_en",
        "nameen",
        &[
            "city.toml:4: unknown key `nameen`, expected one of `name`, `name_en`, `time_zone`, \
           `datum`, `centre`, `bounds`, `thresholds`, `utc_offset`",
        ],
    ),
    (
        "the centre with latitude first",
        "city.toml",
        "[122.02, 30.712]",
        "[30.712, 122.02]",
        &[
            "city.toml:7: centre: [30.712, 122.02] is not a WGS 84 [longitude, latitude]; \
           longitude comes first, these look swapped",
        ],
    ),
    (
        "the bounds in another order",
        "city.toml",
        "[121.99, 30.69, 122.05, 30.735]",
        "[122.05, 30.69, 121.99, 30.735]",
        &[
            "city.toml:8: bounds: [122.05, 30.69, 121.99, 30.735] is not [west, south, east, \
           north], each less than the one opposite",
        ],
    ),
    (
        "the city's thresholds do not rise",
        "city.toml",
        "bounds = ",
        "thresholds = { waterlogged_m = 0.5 }\nbounds = ",
        &[
            "city.toml:8: [thresholds]: thresholds must rise: notice_m < waterlogged_m < closure_m \
           < severe_m, all above 0",
        ],
    ),
];
