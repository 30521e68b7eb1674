// What was refused or is odd, by its code, in Chinese.

import type { Trouble } from "../model.ts";

export const refused = {
  "unknown-gauge": "未登记的监测计，已保存，不显示",
  future: "观测时间在未来，已保存，存疑",
  "too-old": "观测时间过早，已隔离保存",
  "bad-payload": "报文无法解析，已拒收",
  "bad-topic": "主题不符，已拒收",
  "out-of-range": "超出量程，已标记",
  "wrong-mode": "演练与实况混用，已拒收",
  "wrong-parameter": "参数与图层不符，已保存，不显示",
  "given-up": "没有收到、网关也已不再保存的批次",
  "commit-failures": "入库失败",
  conflicting: "同一时刻报来不同数值，保留先到的",
  "number-reused": "批次编号重复而内容不同（网关回退或重名）",
  "wrong-interval": "上报间隔与图层不符，照常显示",
  "quarantine-full": "隔离区已满，网关自行保留数据",
  forged: "冒名或签名不符的消息，已拒绝",
  "unknown-truck": "未登记的泵车上报，已拒绝",
  "not-granted": "来源无权为该监测计上报，已拒绝",
  "no-room": "未登记的网关、监测计或一次涉及的天数过多，未接收",
  forbidden: "越权的连接或订阅，已拒绝",
} satisfies Record<Trouble, string>;
