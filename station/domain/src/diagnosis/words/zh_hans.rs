//! The Chinese words, in simplified characters.

use super::{Words, entry};
use crate::{
    DiagnosisCode as Code, NextAction,
    diagnosis::{Owner, Phase, line::Expected},
};

pub(super) const fn words(code: Code) -> Words {
    match code {
        Code::PortBusy => entry("串口被占用。", "另一个程序正打开着该串口。", "关闭那个程序，或等它结束后重试。"),
        Code::PortGone => entry(
            "串口消失了。",
            "适配器或设备被拔出，或线缆接触不良。",
            "重新插好设备；若该工位再次出现，请更换线缆。",
        ),
        Code::PortUnusable => entry(
            "串口无法使用。",
            "该路径不是串口，或当前用户无权打开。",
            "检查配置中该工位的串口，并确认用户属于串口所属的用户组。",
        ),
        Code::FixtureFailed => {
            entry("治具没有复位设备。", "治具的控制通道没有应答或拒绝了命令。", "检查治具的电源和控制连接。")
        }
        Code::NoAnswer => entry(
            "设备没有应答。",
            "芯片的下载程序没有返回任何数据：没有供电、未进入下载模式，或 TX、RX 接触不良。",
            "重新放好设备并检查探针；然后在该工位换一台设备试试。",
        ),
        Code::LinkGarbled => entry(
            "设备的应答数据损坏。",
            "在试过的每个波特率下，设备与工站之间都有字节丢失或改变。",
            "检查线缆和接地；然后在该工位换一台设备试试。",
        ),
        Code::LoaderRejected => {
            entry("芯片的下载程序拒绝了命令。", "它返回了一个错误。", "重试；若仍然如此，将设备送修。")
        }
        Code::WrongChip => entry(
            "芯片型号与配方不符。",
            "该配方的镜像不能在此芯片上运行。",
            "确认产线上的产品正确，或选择适用于该芯片的配方。",
        ),
        Code::RevisionTooOld => entry(
            "芯片版本对该配方来说太旧。",
            "镜像需要更新的芯片版本。",
            "将设备放到一边，并告知产线工程师模组的批次。",
        ),
        Code::WrongFlashSize => entry(
            "闪存容量与配方要求不同。",
            "装了别的闪存芯片，或闪存应答不正确。",
            "将设备放到一边，并告知产线工程师模组的批次。",
        ),
        Code::SecurityEnabled => entry(
            "安全启动、闪存加密或安全下载已经启用。",
            "该设备的 eFuse 已烧写过，配方的明文镜像无法在其上运行或校验。",
            "将设备放到一边；它无法恢复为空白状态。",
        ),
        Code::OtherUnit => entry(
            "应答的设备不是本次开始时的那一台。",
            "重新连接后读到的 MAC 不同。",
            "测试过程中不要更换设备；请用这台设备重新开始。",
        ),
        Code::AttemptsUsedUp => entry("该设备的尝试次数已用完。", "配方限制了每台设备的次数。", "将设备送去返工。"),
        Code::PassedBefore => entry(
            "该设备以前已经通过。",
            "记录中已有相同 MAC 的设备通过；再次运行会使其凭据失效。",
            "将它放到成品中；若确需再次运行，请在配方中允许（known_unit）。",
        ),
        Code::InWorkElsewhere => entry(
            "该设备正在另一工位上处理。",
            "两个工位读到同一个 MAC：模组被克隆，或一条线接到了两个工位。",
            "将其中一台放到一边，并通知产线工程师。",
        ),
        Code::QuotaReached => entry(
            "工单的数量已用完。",
            "占用工单名额的设备数已达上限；隔离中的设备仍占名额。",
            "报废不再交付的设备，用 `station batch change` 提高数量或配额，或关闭工单。",
        ),
        Code::FlashVerifyFailed => entry(
            "闪存内容与写入的不一致。",
            "芯片计算的区域 MD5 与镜像不同：闪存不良，或传输受到干扰。",
            "重试一次；若仍然如此，闪存芯片不良：将设备送去返工。",
        ),
        Code::BootSilent => entry(
            "设备复位后没有任何输出。",
            "设备没有启动、TX 线接触不良，或日志波特率不是 115200。",
            "重新放好设备并检查 TX 探针。",
        ),
        Code::BootImageInvalid => entry(
            "引导程序拒绝闪存中的镜像。",
            "闪存中的内容已损坏，或不是该芯片的镜像。",
            "重新运行该设备；若仍然如此，送去返工。",
        ),
        Code::BootAppMissing => entry(
            "应用程序没有启动。",
            "设备复位后有输出，但引导程序始终没有加载应用程序。",
            "查看记录中的设备日志；检查配方中的镜像是否配套。",
        ),
        Code::DownloadMode => {
            entry("设备在等待下载而没有运行。", "复位后其启动引脚一直被拉低。", "检查治具的启动探针。")
        }
        Code::BootLoop => entry(
            "设备不断重启。",
            "应用程序崩溃，或设备自行复位。",
            "将设备送去返工；产线工程师在设备日志中查看崩溃信息和调用栈。",
        ),
        Code::AppSilent => entry(
            "应用程序启动后没有任何输出。",
            "应用程序已加载，但未按时输出设备约定中的任何一行日志。",
            "检查配方中的固件是否正确；否则将设备送去返工。",
        ),
        Code::UartNoise => entry(
            "设备日志全是噪声。",
            "串口收到了字节，但没有一个可读：接地、TX 接触或波特率有问题。",
            "检查该工位的接地和 TX 探针，以及应用程序是否以 115200 波特输出日志；然后换一台设备试试。",
        ),
        Code::AppHung => entry(
            "应用程序的一个任务挂起。",
            "任务看门狗被触发：某个任务一直占用处理器，或无限等待。",
            "查看日志在该行下方列出的任务；使用会让出处理器的固件。",
        ),
        Code::NetworkFailed => entry(
            "设备无法联网。",
            "它断开了网络或一直没有连上，日志未说明原因。",
            "检查接入点以及配方中的 Wi-Fi 名称和密码；然后检查设备天线。",
        ),
        Code::ProvisionImpossible => entry(
            "设备既没有授权码，也没有完整会话。",
            "其固件没有读取产线写入 NVS 的内容。",
            "将配方中的命名空间和键名与固件核对。",
        ),
        Code::ProvisionRefused => entry(
            "配置服务器拒绝了该设备。",
            "授权码未知、已使用或属于别的设备，或请求格式错误。",
            "用新的授权码重新运行；若仍然如此，检查配方中的工作区。",
        ),
        Code::ProvisionTransport => entry(
            "设备无法连接配置服务器。",
            "连接被拒绝，或没有按时得到应答。",
            "检查设备的网络能否到达工站：地址、端口和防火墙。",
        ),
        Code::ProvisionUnreadable => {
            entry("设备无法读取配置应答。", "应答被截断，或不是预期的 JSON。", "检查所配置的服务是否兼容。")
        }
        Code::ProvisionTimedOut => entry(
            "设备未按时完成配置。",
            "应用程序在运行，但没有配置请求到达并成功。",
            "查看记录中的设备日志；检查其网络。",
        ),
        Code::ProvisionUnexpected => entry(
            "设备的行为与其注入方式不符。",
            "有会话的设备仍去配置、有授权码的设备跳过了配置，或设备报告了别的用户名。",
            "检查配方与固件是否配套。",
        ),
        Code::MqttRefused => entry(
            "MQTT 服务器拒绝了设备登录。",
            "NVS 中的用户名、密码、客户端标识或证书与服务器期望的不符，例如凭据在控制台被重置。",
            "用授权码重新配置设备（`station units reprovision`），或擦除其 NVS 后重新运行。",
        ),
        Code::TopicDenied => entry(
            "设备使用了不允许的主题。",
            "其主题或过滤器不符合访问列表，例如用 `commands` 代替 `cmd/#`。",
            "使用主题符合访问列表的固件。",
        ),
        Code::MqttTransport => entry(
            "设备无法连接 MQTT 服务器。",
            "连接被拒绝，或没有按时得到应答。",
            "检查设备的网络能否到达 MQTT 服务器：地址、端口和防火墙。",
        ),
        Code::MqttDropped => entry(
            "设备连接后又断开。",
            "设备尚未证明自己正常，连接就结束了。",
            "查看记录中的原因；检查设备的供电和网络。",
        ),
        Code::MqttTimedOut => entry(
            "设备未按时登录 MQTT 服务器。",
            "设备已完成配置，但之后没有登录。",
            "查看记录中的设备日志；检查固件。",
        ),
        Code::CertificateMissing => entry(
            "设备没有出示自己的客户端证书。",
            "配方要求证书，但连接没有证书或证书不对。",
            "检查固件是否保存并出示证书。",
        ),
        Code::WrongFirmware => entry(
            "运行的固件不是刚烧录的固件。",
            "设备回答的版本或哈希与配方的镜像不同。",
            "检查是否有第二个应用分区，或配置后立即进行了升级。",
        ),
        Code::OtaFailed => entry(
            "设备固件升级失败。",
            "配置后向设备提供了固件，但它未能应用。",
            "检查升级的 URL 和哈希；或在配方中关闭升级。",
        ),
        Code::FlashChanged => entry(
            "闪存内容已不是写入时的内容。",
            "结束时的区域 MD5 与写入后的不同。",
            "将设备送去返工；若多台如此，说明固件写入了不该写的位置。",
        ),
        Code::NvsUnreadable => entry(
            "无法读取闪存中的会话。",
            "配置后 NVS 分区中没有可读的会话。",
            "擦除设备的 NVS 并重新运行；若仍然如此，送去返工。",
        ),
        Code::SessionMismatch => {
            entry("闪存中的会话与记录不一致。", "设备保存的凭据与签发给它的不同。", "擦除设备的 NVS 并重新运行。")
        }
        Code::CodeLeftBehind => entry(
            "工厂授权码仍留在设备闪存中。",
            "固件在配置后没有擦除授权码。",
            "使用会擦除授权码的固件，或在配方中允许（keep_auth_code）。",
        ),
        Code::UnitFloods => {
            entry("设备不停地发送数据。", "它上报的数据远多于正常设备。", "将设备取下送去返工；检查其固件。")
        }
        Code::StepTimedOut => entry("步骤未按时完成。", "工站不再等待。", "重新运行该设备；若仍然如此，检查工位。"),
        Code::Interrupted => entry(
            "设备处理过程中工站停止了。",
            "断电、崩溃或工站重启使本次运行在判定前结束。",
            "重新运行该设备；其旧授权码已失效。",
        ),
        Code::Cancelled => {
            entry("运行被人工停止。", "设备处理过程中有人结束了工单。", "重新运行该设备；其旧授权码已失效。")
        }
        Code::FlashSilent => entry(
            "闪存芯片没有应答。",
            "其标识读出全为 1 或全为 0，常见于虚焊、漏装或短路。",
            "将设备放到一边，维修其闪存芯片。",
        ),
        Code::BrownOut => entry(
            "设备供电电压跌落。",
            "欠压检测使设备复位：电源、线缆或触点太弱。",
            "检查该工位的供电和探针；若别的设备在此正常，将本设备送去返工。",
        ),
        Code::PortMoved => entry(
            "串口改了名字，且没有再找到。",
            "适配器被拔出后插到别处，或 USB 集线器复位。",
            "将适配器插回原来的插座；在配置中按位置（by-path） 指定串口。",
        ),
        Code::AlreadyProvisioned => entry(
            "设备中已有他人的会话。",
            "其 NVS 中有完整的凭据，但不是本工站签发的。",
            "将设备放到一边；由产线工程师查明来源。",
        ),
        Code::Quarantined => {
            entry("该设备已被隔离。", "它的失败方式需要先由人查看。", "交给产线工程师，由其注明原因后放行或报废。")
        }
        Code::Scrapped => entry("该设备已报废。", "其证书、会话和授权码已永久失效。", "将其移出产线，放入报废品。"),
        Code::BatchAttemptsUsedUp => entry(
            "该设备在本工单中的尝试次数已用完。",
            "配方限制了每台设备在每个工单中的次数。",
            "将设备送去返工；可在别的工单中运行。",
        ),
        Code::WifiNotFound => entry(
            "设备找不到 Wi-Fi 网络。",
            "附近没有该名称的接入点，或信号太弱。",
            "检查接入点是否开启、配方中的 Wi-Fi 名称是否正确；然后检查设备天线。",
        ),
        Code::WifiRefused => entry(
            "Wi-Fi 网络不允许设备接入。",
            "密码错误，或网络要求别的安全方式。",
            "检查配方中的 Wi-Fi 密码和接入点的安全设置。",
        ),
        Code::DhcpSilent => entry(
            "设备已接入 Wi-Fi，但得不到地址。",
            "没有 DHCP 服务器应答，或地址已用完。",
            "检查网络的 DHCP 服务器及其地址范围。",
        ),
        Code::DnsFailed => entry(
            "设备无法解析服务器名称。",
            "网络的域名服务器没有应答，或不认识该名称。",
            "检查网络的 DNS，以及配方和配置中的主机名。",
        ),
        Code::CaptivePortal => entry(
            "有别人代替服务器应答。",
            "网络有登录页面或代理：设备得到了应答，但不是本工站的。",
            "为设备提供没有登录页面和代理的网络。",
        ),
        Code::TlsUnknownCa => entry(
            "设备不信任服务器的证书。",
            "设备中的 CA 不是签发服务器证书的那一个。",
            "将本工站的根证书（`station ca show --root-pem`） 写入配方或固件。",
        ),
        Code::TlsWrongName => entry(
            "服务器证书属于别的名称。",
            "设备 URL 中的主机名不在证书的名称之中。",
            "在配方和工站配置中使用相同的主机名。",
        ),
        Code::TlsExpired => entry(
            "设备报告服务器证书已过期。",
            "应答的服务器出示了旧证书，或设备时钟偏快。",
            "更新该服务器的证书；检查时钟。",
        ),
        Code::TlsNotYetValid => entry(
            "设备报告服务器证书尚未生效。",
            "应答的服务器出示了未来的证书，或设备时钟偏慢。",
            "检查设备是否获得时间，以及该服务器的时钟。",
        ),
        Code::UnitClockWrong => entry(
            "设备的时钟不对。",
            "它因日期拒绝了按工站时钟有效的证书。",
            "检查设备在使用 TLS 之前是否从网络获得时间；然后重新运行。",
        ),
        Code::StationCertificateInvalid => entry(
            "工站自己的服务器证书现在无效。",
            "按工站自己的时钟，证书已过期或尚未生效。",
            "检查工站时钟，然后重启工站：它会签发新证书。",
        ),
        Code::ProvisionThrottled => entry(
            "配置服务器要求设备等待。",
            "请求过多（HTTP 429），等待时间超过了本步骤的时限。",
            "等一分钟后重新运行；减少同时开始的设备，或提高限额。",
        ),
        Code::ProvisionServiceFailed => entry(
            "配置服务器出错。",
            "直到超时它都返回自身错误（HTTP 5xx）。",
            "查看服务器日志和 `station doctor`；然后重新运行该设备。",
        ),
        Code::ProvisionCutOff => {
            entry("配置应答被中断。", "请求或应答传输途中连接断开。", "检查设备与工站之间的网络；然后重新运行该设备。")
        }
        Code::UpstreamAway => entry(
            "工站背后的配置服务不可用。",
            "无法连接该服务，或服务出错。",
            "请等待：服务恢复后工单自动继续；检查工站到该服务的网络。",
        ),
        Code::UpstreamRefused => entry(
            "工站背后的配置服务拒绝了该设备。",
            "服务不接受该请求：工作区、权限或工站自己的凭据有误。",
            "检查工站在该服务的账户和配方中的工作区。",
        ),
        Code::UpstreamForeignBroker => entry(
            "配置服务将设备引向别的 MQTT 服务器。",
            "其应答中的服务器不是本工站监视的那个，设备无法在此证明自己。",
            "修改服务或工站的设置，使两者指定同一个 MQTT 服务器。",
        ),
        Code::UpstreamKnownUnit => entry(
            "配置服务返回了该设备以前的身份。",
            "服务认出了该设备；此身份已记录在以前的一次运行中，任何身份都不会使用两次。",
            "在服务中删除该设备，或在工站的 [upstream] 部分设置 forward_mac = false；然后重新运行该设备。",
        ),
        Code::MqttHammering => entry(
            "设备不等待就反复登录。",
            "登录被拒后应至少等待 30 秒，而设备没有等待；服务器会封禁这样的设备。",
            "将设备取下；使用会退避的固件，并重新配置。",
        ),
        Code::MqttFlapping => entry(
            "设备反复连接又断开。",
            "设备与 MQTT 服务器之间的网络不稳定，或两台设备使用同一登录。",
            "检查信号和供电；确认没有别的设备持有它的凭据。",
        ),
        Code::PingUnanswered => entry(
            "设备没有应答工站的命令。",
            "它订阅了命令，但没有在 `state` 上应答 `cmd/ping`。",
            "使用会应答 ping 的固件，或在配方的 `[proof]` 中写 `ping = false`。",
        ),
        Code::PresenceMissing => entry(
            "设备没有发布在线状态。",
            "配方要求在线状态，但 `presence/` 上没有消息。",
            "使用带在线状态的固件，或在配方中关闭此要求。",
        ),
        Code::PresenceStale => entry(
            "设备的在线状态不是保留的 ONLINE。",
            "它发布了别的内容，或没有设置保留标志。",
            "修正固件：连接时发布保留的 ONLINE。",
        ),
        Code::SubscriptionMissing => {
            entry("设备没有订阅全部主题。", "缺少对 `cmd/#` 或 `config/#` 的订阅。", "使用订阅两者的固件。")
        }
        Code::OtaTimedOut => entry(
            "设备固件升级未按时完成。",
            "下载没有开始、速度太慢，或设备升级后没有恢复。",
            "检查网络速度；在配方中增加升级时限。",
        ),
        Code::NvsFull => entry("设备的 NVS 已满。", "分区没有空间保存会话。", "选择更大的 NVS 分区，或少存内容。"),
        Code::NvsCorrupt => {
            entry("设备无法读取其 NVS。", "分区损坏，或格式不同。", "重新运行该设备以重写 NVS；若仍然如此，送去返工。")
        }
        Code::NvsKeyTooLong => {
            entry("固件使用的 NVS 键名太长。", "键名最多 15 个字符。", "使用短键名的固件，例如 `ota_sha`。")
        }
        Code::NvsWriteFailed => {
            entry("设备无法写入其 NVS。", "闪存拒绝写入：写保护或芯片不良。", "重新运行该设备；若仍然如此，送去返工。")
        }
        Code::BootstrapQuota => entry(
            "账户的设备配额已用完。",
            "服务不再接受设备；开发者证书只允许 100 台。",
            "删除设备或提高配额；设备会继续重试，有空位时自动连上。",
        ),
        Code::BootstrapRejected => {
            entry("引导服务拒绝了该设备。", "证书缺失、被封锁或未上传，或账户没有权限。", "在服务上上传或启用证书。")
        }
        Code::InvalidParameters => entry(
            "设备的工厂参数有误。",
            "URL 格式错误，或名称、设备标识、账户标识超过 64 个字符。",
            "在配方中改正该值，重新注入并重启设备。",
        ),
        Code::NotRegistered => {
            entry("客户端在未注册时被关闭。", "固件过早调用了关闭；这是调用方的错误。", "产线无需处理；请修正固件。")
        }
        Code::RegistrationTimedOut => {
            entry("设备未在三分钟内注册。", "网络正常，但服务没有完成注册。", "检查服务；然后重新运行该设备。")
        }
        Code::NetworkLost => {
            entry("设备与服务的连接中断。", "网络中断，或一直没有网络。", "检查网络；设备会通过重连恢复。")
        }
        Code::ResponseUnreadable => entry("设备无法解析服务的消息。", "消息格式错误。", "检查所配置的服务是否兼容。"),
        Code::CredentialsMemory => entry("设备没有内存保存凭据。", "固件占用内存过多。", "使用空闲内存更多的固件。"),
        Code::CallNotAllowed => {
            entry("固件在错误的时机调用了客户端。", "该调用在客户端当前状态下无效。", "修正固件中的调用顺序。")
        }
        Code::SecureConnectionFailed => {
            entry("与服务的安全连接失败。", "TLS 或 DTLS 失败，例如设备证书已过期。", "重新配置设备，使其获得新证书。")
        }
        Code::CredentialsUnstorable => {
            entry("设备无法保存凭据。", "其安全存储无法写入。", "格式化设备的存储并重新配置。")
        }
        Code::CredentialsUnreadable => {
            entry("设备无法读取凭据。", "其安全存储已损坏。", "格式化设备的存储并重新配置。")
        }
        Code::CredentialsInvalid => {
            entry("设备中保存的凭据无法使用。", "凭据已损坏，或与服务不符。", "将安全存储恢复出厂状态并重新配置。")
        }
        Code::SecretInFile => entry(
            "受版本控制的文件中有真实密钥。",
            "Wi-Fi 密码、授权码或密钥被写入了版本控制下的文件。",
            "改为空占位符，引用环境变量或文件，并更换该密钥。",
        ),
        Code::BleComponentMissing => entry(
            "编译缺少蓝牙头文件 `host/ble_gap.h`。",
            "组件没有声明依赖 `bt`。",
            "在组件的 REQUIRES 中加入 `bt`，然后全新编译。",
        ),
        Code::BleAdvertisementTooLong => entry(
            "蓝牙广播数据太长。",
            "UUID 与名称合计超过广播包的 31 字节。",
            "将 UUID 放入广播，将名称放入扫描响应。",
        ),
        Code::BleUuidByteOrder => {
            entry("设备的蓝牙 UUID 字节顺序颠倒。", "时钟序列显示 2480 而不是 8024：固件太旧。", "烧录修正后的固件。")
        }
        Code::CredentialsRevoked => entry(
            "设备的凭据在运行期间被吊销。",
            "有人在通过结果记录之前吊销了其证书或会话。",
            "查明是谁、为何吊销；然后重新运行设备，使其获得新凭据。",
        ),
        Code::BuildConfigurationStale => {
            entry("编译缺少蓝牙配置项。", "编译配置已过时。", "删除编译目录和 sdkconfig，重新生成并全新编译。")
        }
    }
}

pub(super) const fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Unit => "设备",
        Owner::Fixture => "治具",
        Owner::Recipe => "配方或其固件",
        Owner::Network => "网络",
        Owner::Service => "服务",
        Owner::Station => "本工站",
        Owner::Person => "人员操作",
    }
}

pub(super) const fn next_action(next: NextAction) -> &'static str {
    match next {
        NextAction::RetryHere => "在原工位重新运行",
        NextAction::Rework => "送去返工",
        NextAction::Quarantine => "隔离，等待放行",
        NextAction::StopSlot => "停止该工位",
        NextAction::StopLine => "停止该工单",
    }
}

pub(super) const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Build => "编译",
        Phase::Identify => "识别",
        Phase::Prepare => "准备",
        Phase::Flash => "烧录",
        Phase::Boot => "启动",
        Phase::Network => "联网",
        Phase::Provision => "配置",
        Phase::Connect => "连接",
        Phase::Attest => "回读",
        Phase::Any => "任意步骤",
    }
}

pub(super) const fn expected(expected: Expected) -> &'static str {
    match expected {
        Expected::ProvisionSkipped => "这是预期行为：设备没有授权码，使用已保存的会话。",
        Expected::OtaSkipped => "这是预期行为：提供的固件就是已应用的固件。",
        Expected::UuidInOtherForm => "这不是错误：同一个 UUID 的另一种写法。",
    }
}
