// The dispatchers' page: its styles, then its parts.
//
// Its floors, from the ground up: `api` and `model`, what the server tells; `text`, how it is said;
// `live`, how it is kept current; `choices`, what is chosen to be seen, beside the small things that
// every part draws with; `page`, what every part works with; the parts (`attention`, `dispatch`,
// `detail`, `map`, `people`, `header`, `keyboard`, `announce`); `app`, where each part stands. A module imports
// from below or from its own folder, never from above or beside: `cargo verify tidy` holds that.

import "@fontsource-variable/noto-sans-sc/index.css";
import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/frame.css";
import "./style/attention.css";
import "./style/dispatch.css";
import "./style/detail.css";
import "./style/map.css";
import "./style/people.css";
import "./app.ts";
