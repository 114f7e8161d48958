-- 0025_bounds: what may be entered, and keys that are unique whatever the day.
--
-- Values are refused where they are entered, by a constraint whose name says what is wrong. A constraint that rows of
-- this database break already stays NOT VALID, with a warning: new rows and changed ones are held to it.

SET LOCAL ROLE earshot_owner;

-- Bounds. Each is true of NULL. They are written so that the planner can put them in place of their call, and the
-- statements that read raw rows use the same ones to leave out what came past the constraints.

-- An amount in minor units: up to ten thousand million of a currency with cents. Nine million rows with the highest
-- amount still add up to less than 2^63 (9.2 * 10^18), and an amount times a rate or a share stays exact enough.
CREATE FUNCTION in_money_bounds(minor bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN minor IS NULL OR minor BETWEEN -1000000000000 AND 1000000000000;

-- A number of bytes or a place in a file: a terabyte, for the same reason. Negative ones are let in where a log may
-- say them: they are a disposition (malformed).
CREATE FUNCTION in_byte_bounds(bytes bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN bytes IS NULL OR bytes BETWEEN -1000000000000 AND 1000000000000;

-- Seconds: finite, and less than four months either way. NaN is greater than every number.
CREATE FUNCTION in_seconds_bounds(seconds double precision) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN seconds IS NULL OR seconds BETWEEN -10000000 AND 10000000;

-- When something happened or was received.
CREATE FUNCTION in_event_time_bounds(moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN moment IS NULL OR (
    moment >= '2000-01-01 00:00:00+00'::timestamptz AND moment < '2100-01-01 00:00:00+00'::timestamptz
);

-- When something was published, starts or ends.
CREATE FUNCTION in_calendar_bounds(moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN moment IS NULL OR (
    moment >= '1900-01-01 00:00:00+00'::timestamptz AND moment < '2201-01-01 00:00:00+00'::timestamptz
);

CREATE FUNCTION in_calendar_bounds(day date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN day IS NULL OR (day >= '1900-01-01'::date AND day < '2201-01-01'::date);

-- A raw row of listener_events, and one of attribution_events, that no number of ours can be hurt by.
CREATE FUNCTION request_in_bounds(
    occurred_at timestamptz,
    received_at timestamptz,
    range_start bigint,
    range_end bigint,
    bytes_sent bigint,
    position_seconds double precision,
    heard_seconds double precision
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN in_event_time_bounds(occurred_at) AND in_event_time_bounds(received_at)
    AND in_byte_bounds(range_start) AND in_byte_bounds(range_end) AND in_byte_bounds(bytes_sent)
    AND in_seconds_bounds(position_seconds) AND in_seconds_bounds(heard_seconds);

CREATE FUNCTION signal_in_bounds(
    occurred_at timestamptz, received_at timestamptz, value_minor bigint
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN in_event_time_bounds(occurred_at) AND in_event_time_bounds(received_at) AND in_money_bounds(value_minor);

-- Text for people or of other systems' making: not blank, on one line, no control characters.
CREATE FUNCTION is_plain_text(value text, longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value IS NULL OR (
    length(value) <= longest
    AND value ~ '[^\s\u00a0\u200b\ufeff]'
    AND value !~ '[\u0001-\u001f\u007f-\u009f\u2028\u2029]'
);

-- The shape of an address that mail can be sent to: one @, a name and a domain without blanks and what headers part by.
CREATE FUNCTION is_mail_address(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value IS NULL OR (
    length(value) <= 254
    AND value ~ '^[^@]{1,64}@[^@]+$'
    AND value !~ '[\s\u0001-\u0020\u007f-\u00a0\u2028\u2029<>()\[\],;:\\"]'
    AND value !~ '@[.-]|[.-]$|[.][.]'
);

CREATE FUNCTION are_mail_addresses(list text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN list IS NULL OR NOT EXISTS (
    SELECT FROM unnest(list) AS entry (address) WHERE entry.address IS NULL OR NOT is_mail_address(entry.address)
);

CREATE FUNCTION are_domains(list text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN list IS NULL OR NOT EXISTS (
    SELECT FROM unnest(list) AS entry (name)
    WHERE entry.name IS NULL OR length(entry.name) > 253 OR NOT is_mail_address('x@' || entry.name)
);

-- A time zone as the server and the IANA spell it: the server takes europe/berlin too, and MARS3 as an offset, other
-- programs do not. Setting a zone gives back its spelling, which is quicker than reading all files of the server, but
-- an offset in capitals comes back as it was.
CREATE FUNCTION is_known_timezone(zone text) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET TimeZone = 'UTC'
AS $function$
BEGIN
    IF zone IS NULL OR zone IN ('UTC', 'GMT') THEN
        RETURN true;
    END IF;
    IF length(zone) > 64 OR zone IN ('posixrules', 'localtime', 'Factory') OR zone ~ '^(posix|right|SystemV)/' THEN
        RETURN false;
    END IF;
    IF zone ~ '^[A-Z]' AND zone ~ '[a-z]' THEN
        PERFORM set_config('TimeZone', zone, true);
        RETURN current_setting('TimeZone') = zone;
    END IF;
    RETURN EXISTS (SELECT FROM pg_timezone_names WHERE name = zone);
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END
$function$;

-- Currencies of ISO 4217 that are or were legal tender since 2000: their minor digits are known.
CREATE FUNCTION is_known_currency(code text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN code IS NULL OR code = any(
    '{
    ADP,AED,AFA,AFN,ALL,AMD,ANG,AOA,AON,AOR,ARS,ATS,AUD,AWG,AZM,AZN,BAM,BBD,BDT,BEF,BGN,BHD,
    BIF,BMD,BND,BOB,BRL,BSD,BTN,BWP,BYB,BYN,BYR,BZD,CAD,CDF,CHF,CLP,CNY,COP,CRC,CSD,CUC,CUP,
    CVE,CYP,CZK,DEM,DJF,DKK,DOP,DZD,ECS,EEK,EGP,ERN,ESP,ETB,EUR,FIM,FJD,FKP,FRF,GBP,GEL,GHC,
    GHS,GIP,GMD,GNF,GRD,GTQ,GYD,HKD,HNL,HRK,HTG,HUF,IDR,IEP,ILS,INR,IQD,IRR,ISK,ITL,JMD,JOD,
    JPY,KES,KGS,KHR,KMF,KPW,KRW,KWD,KYD,KZT,LAK,LBP,LKR,LRD,LSL,LTL,LUF,LVL,LYD,MAD,MCF,MDL,
    MGA,MGF,MKD,MMK,MNT,MOP,MRO,MRU,MTL,MUR,MVR,MWK,MXN,MYR,MZM,MZN,NAD,NGN,NIO,NLG,NOK,NPR,
    NZD,OMR,PAB,PEN,PGK,PHP,PKR,PLN,PTE,PYG,QAR,ROL,RON,RSD,RUB,RWF,SAR,SBD,SCR,SDD,SDG,SEK,
    SGD,SHP,SIT,SKK,SLE,SLL,SOS,SRD,SRG,SSP,STD,STN,SVC,SYP,SZL,THB,TJR,TJS,TMM,TMT,TND,TOP,
    TPE,TRL,TRY,TTD,TWD,TZS,UAH,UGX,USD,UYU,UZS,VEB,VEF,VES,VND,VUV,WST,XAF,XCD,XCG,XOF,XPF,
    YER,YUM,ZAR,ZMK,ZMW,ZWD,ZWG,ZWL,ZWR
    }'::text[]
);

-- Locales that CLDR has data of.
CREATE FUNCTION is_known_locale(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN name IS NULL OR name = any(
    '{
    aa,aa_DJ,aa_ER,aa_ET,ab,ab_GE,af,af_NA,af_ZA,agq,agq_CM,ak,ak_GH,am,am_ET,an,an_ES,ann,ann_NG,
    apc,apc_SY,ar,ar_001,ar_AE,ar_BH,ar_DJ,ar_DZ,ar_EG,ar_EH,ar_ER,ar_IL,ar_IQ,ar_JO,ar_KM,ar_KW,
    ar_LB,ar_LY,ar_MA,ar_MR,ar_OM,ar_PS,ar_QA,ar_SA,ar_SD,ar_SO,ar_SS,ar_SY,ar_TD,ar_TN,ar_YE,arn,
    arn_CL,as,as_IN,asa,asa_TZ,ast,ast_ES,az,az_AZ,az_Arab,az_Arab_IQ,az_Arab_IR,az_Arab_TR,az_Cyrl,
    az_Cyrl_AZ,az_IQ,az_IR,az_Latn,az_Latn_AZ,ba,ba_RU,bal,bal_Arab,bal_Arab_PK,bal_Latn,bal_Latn_PK,
    bal_PK,bas,bas_CM,be,be_BY,bem,bem_ZM,bew,bew_ID,bez,bez_TZ,bg,bg_BG,bgc,bgc_IN,bgn,bgn_AE,
    bgn_AF,bgn_IR,bgn_OM,bgn_PK,bho,bho_IN,blo,blo_BJ,blt,blt_VN,bm,bm_ML,bm_Nkoo,bm_Nkoo_ML,bn,
    bn_BD,bn_IN,bo,bo_CN,bo_IN,br,br_FR,brx,brx_IN,bs,bs_BA,bs_Cyrl,bs_Cyrl_BA,bs_Latn,bs_Latn_BA,
    bss,bss_CM,byn,byn_ER,ca,ca_AD,ca_ES,ca_FR,ca_IT,cad,cad_US,cch,cch_NG,ccp,ccp_BD,ccp_IN,ce,
    ce_RU,ceb,ceb_PH,cgg,cgg_UG,cho,cho_US,chr,chr_US,cic,cic_US,ckb,ckb_IQ,ckb_IR,co,co_FR,cop,
    cop_EG,cs,cs_CZ,csw,csw_CA,cu,cu_RU,cv,cv_RU,cy,cy_GB,da,da_DK,da_GL,dav,dav_KE,de,de_AT,
    de_BE,de_CH,de_DE,de_IT,de_LI,de_LU,dje,dje_NE,doi,doi_IN,dsb,dsb_DE,dua,dua_CM,dv,dv_MV,dyo,
    dyo_SN,dz,dz_BT,ebu,ebu_KE,ee,ee_GH,ee_TG,el,el_CY,el_GR,en,en_001,en_150,en_AE,en_AG,en_AI,
    en_AS,en_AT,en_AU,en_BB,en_BE,en_BI,en_BM,en_BS,en_BW,en_BZ,en_CA,en_CC,en_CH,en_CK,en_CM,en_CX,
    en_CY,en_CZ,en_DE,en_DG,en_DK,en_DM,en_Dsrt,en_Dsrt_US,en_ER,en_ES,en_FI,en_FJ,en_FK,en_FM,en_FR,
    en_GB,en_GD,en_GG,en_GH,en_GI,en_GM,en_GS,en_GU,en_GY,en_HK,en_HU,en_ID,en_IE,en_IL,en_IM,en_IN,
    en_IO,en_IT,en_JE,en_JM,en_KE,en_KI,en_KN,en_KY,en_LC,en_LR,en_LS,en_MG,en_MH,en_MO,en_MP,en_MS,
    en_MT,en_MU,en_MV,en_MW,en_MY,en_NA,en_NF,en_NG,en_NL,en_NO,en_NR,en_NU,en_NZ,en_PG,en_PH,en_PK,
    en_PL,en_PN,en_PR,en_PT,en_PW,en_RO,en_RW,en_SB,en_SC,en_SD,en_SE,en_SG,en_SH,en_SI,en_SK,en_SL,
    en_SS,en_SX,en_SZ,en_Shaw,en_Shaw_GB,en_TC,en_TK,en_TO,en_TT,en_TV,en_TZ,en_UG,en_UM,en_US,en_VC,
    en_VG,en_VI,en_VU,en_WS,en_ZA,en_ZM,en_ZW,eo,eo_001,es,es_419,es_AR,es_BO,es_BR,es_BZ,es_CL,
    es_CO,es_CR,es_CU,es_DO,es_EA,es_EC,es_ES,es_GQ,es_GT,es_HN,es_IC,es_MX,es_NI,es_PA,es_PE,es_PH,
    es_PR,es_PY,es_SV,es_US,es_UY,es_VE,et,et_EE,eu,eu_ES,ewo,ewo_CM,fa,fa_AF,fa_IR,ff,ff_Adlm,
    ff_Adlm_BF,ff_Adlm_CM,ff_Adlm_GH,ff_Adlm_GM,ff_Adlm_GN,ff_Adlm_GW,ff_Adlm_LR,ff_Adlm_MR,ff_Adlm_NE,
    ff_Adlm_NG,ff_Adlm_SL,ff_Adlm_SN,ff_BF,ff_CM,ff_GH,ff_GM,ff_GN,ff_GW,ff_LR,ff_Latn,ff_Latn_BF,
    ff_Latn_CM,ff_Latn_GH,ff_Latn_GM,ff_Latn_GN,ff_Latn_GW,ff_Latn_LR,ff_Latn_MR,ff_Latn_NE,ff_Latn_NG,
    ff_Latn_SL,ff_Latn_SN,ff_MR,ff_NE,ff_NG,ff_SL,ff_SN,fi,fi_FI,fil,fil_PH,fo,fo_DK,fo_FO,fr,fr_BE,
    fr_BF,fr_BI,fr_BJ,fr_BL,fr_CA,fr_CD,fr_CF,fr_CG,fr_CH,fr_CI,fr_CM,fr_DJ,fr_DZ,fr_FR,fr_GA,fr_GF,
    fr_GN,fr_GP,fr_GQ,fr_HT,fr_KM,fr_LU,fr_MA,fr_MC,fr_MF,fr_MG,fr_ML,fr_MQ,fr_MR,fr_MU,fr_NC,fr_NE,
    fr_PF,fr_PM,fr_RE,fr_RW,fr_SC,fr_SN,fr_SY,fr_TD,fr_TG,fr_TN,fr_VU,fr_WF,fr_YT,frr,frr_DE,fur,
    fur_IT,fy,fy_NL,ga,ga_GB,ga_IE,gaa,gaa_GH,gd,gd_GB,gez,gez_ER,gez_ET,gl,gl_ES,gn,gn_PY,gsw,
    gsw_CH,gsw_FR,gsw_LI,gu,gu_IN,guz,guz_KE,gv,gv_IM,ha,ha_Arab,ha_Arab_NG,ha_Arab_SD,ha_GH,ha_NE,
    ha_NG,ha_SD,haw,haw_US,he,he_IL,hi,hi_IN,hi_Latn,hi_Latn_IN,hnj,hnj_Hmnp,hnj_Hmnp_US,hnj_US,hr,
    hr_BA,hr_HR,hsb,hsb_DE,ht,ht_HT,hu,hu_HU,hy,hy_AM,ia,ia_001,id,id_ID,ie,ie_EE,ig,ig_NG,ii,
    ii_CN,io,io_001,is,is_IS,it,it_CH,it_IT,it_SM,it_VA,iu,iu_CA,iu_Latn,iu_Latn_CA,ja,ja_JP,jbo,
    jbo_001,jgo,jgo_CM,jmc,jmc_TZ,jv,jv_ID,ka,ka_GE,kaa,kaa_Cyrl,kaa_Cyrl_UZ,kaa_Latn,kaa_Latn_UZ,
    kaa_UZ,kab,kab_DZ,kaj,kaj_NG,kam,kam_KE,kcg,kcg_NG,kde,kde_TZ,kea,kea_CV,ken,ken_CM,kgp,kgp_BR,
    khq,khq_ML,ki,ki_KE,kk,kk_Arab,kk_Arab_CN,kk_CN,kk_Cyrl,kk_Cyrl_KZ,kk_KZ,kkj,kkj_CM,kl,kl_GL,kln,
    kln_KE,km,km_KH,kn,kn_IN,ko,ko_CN,ko_KP,ko_KR,kok,kok_Deva,kok_Deva_IN,kok_IN,kok_Latn,
    kok_Latn_IN,kpe,kpe_GN,kpe_LR,ks,ks_Arab,ks_Arab_IN,ks_Deva,ks_Deva_IN,ks_IN,ksb,ksb_TZ,ksf,ksf_CM,
    ksh,ksh_DE,ku,ku_TR,kw,kw_GB,kxv,kxv_Deva,kxv_Deva_IN,kxv_IN,kxv_Latn,kxv_Latn_IN,kxv_Orya,
    kxv_Orya_IN,kxv_Telu,kxv_Telu_IN,ky,ky_KG,la,la_VA,lag,lag_TZ,lb,lb_LU,lg,lg_UG,lij,lij_IT,lkt,
    lkt_US,lld,lld_IT,lmo,lmo_IT,ln,ln_AO,ln_CD,ln_CF,ln_CG,lo,lo_LA,lrc,lrc_IQ,lrc_IR,lt,lt_LT,
    ltg,ltg_LV,lu,lu_CD,luo,luo_KE,luy,luy_KE,lv,lv_LV,mai,mai_IN,mas,mas_KE,mas_TZ,mdf,mdf_RU,mer,
    mer_KE,mfe,mfe_MU,mg,mg_MG,mgh,mgh_MZ,mgo,mgo_CM,mhn,mhn_IT,mi,mi_NZ,mic,mic_CA,mk,mk_MK,ml,
    ml_IN,mn,mn_CN,mn_MN,mn_Mong,mn_Mong_CN,mn_Mong_MN,mni,mni_Beng,mni_Beng_IN,mni_IN,mni_Mtei,
    mni_Mtei_IN,moh,moh_CA,mr,mr_IN,ms,ms_Arab,ms_Arab_BN,ms_Arab_MY,ms_BN,ms_ID,ms_MY,ms_SG,mt,mt_MT,
    mua,mua_CM,mus,mus_US,my,my_MM,myv,myv_RU,mzn,mzn_IR,naq,naq_NA,nb,nb_NO,nb_SJ,nd,nd_ZW,nds,
    nds_DE,nds_NL,ne,ne_IN,ne_NP,nl,nl_AW,nl_BE,nl_BQ,nl_CW,nl_NL,nl_SR,nl_SX,nmg,nmg_CM,nn,nn_NO,
    nnh,nnh_CM,no,nqo,nqo_GN,nr,nr_ZA,nso,nso_ZA,nus,nus_SS,nv,nv_US,ny,ny_MW,nyn,nyn_UG,oc,oc_ES,
    oc_FR,om,om_ET,om_KE,or,or_IN,os,os_GE,os_RU,osa,osa_US,pa,pa_Arab,pa_Arab_PK,pa_Guru,pa_Guru_IN,
    pa_IN,pa_PK,pap,pap_AW,pap_CW,pcm,pcm_NG,pis,pis_SB,pl,pl_PL,prg,prg_PL,ps,ps_AF,ps_PK,pt,
    pt_AO,pt_BR,pt_CH,pt_CV,pt_GQ,pt_GW,pt_LU,pt_MO,pt_MZ,pt_PT,pt_ST,pt_TL,qu,qu_BO,qu_EC,qu_PE,
    quc,quc_GT,raj,raj_IN,rhg,rhg_BD,rhg_MM,rhg_Rohg,rhg_Rohg_BD,rhg_Rohg_MM,rif,rif_MA,rm,rm_CH,rn,
    rn_BI,ro,ro_MD,ro_RO,rof,rof_TZ,ru,ru_BY,ru_KG,ru_KZ,ru_MD,ru_RU,ru_UA,rw,rw_RW,rwk,rwk_TZ,sa,
    sa_IN,sah,sah_RU,saq,saq_KE,sat,sat_Deva,sat_Deva_IN,sat_IN,sat_Olck,sat_Olck_IN,sbp,sbp_TZ,sc,
    sc_IT,scn,scn_IT,sd,sd_Arab,sd_Arab_PK,sd_Deva,sd_Deva_IN,sd_IN,sd_PK,sdh,sdh_IQ,sdh_IR,se,se_FI,
    se_NO,se_SE,seh,seh_MZ,ses,ses_ML,sg,sg_CF,shi,shi_Latn,shi_Latn_MA,shi_MA,shi_Tfng,shi_Tfng_MA,
    shn,shn_MM,shn_TH,si,si_LK,sid,sid_ET,sk,sk_SK,skr,skr_PK,sl,sl_SI,sma,sma_NO,sma_SE,smj,
    smj_NO,smj_SE,smn,smn_FI,sms,sms_FI,sn,sn_ZW,so,so_DJ,so_ET,so_KE,so_SO,sq,sq_AL,sq_MK,sq_XK,
    sr,sr_BA,sr_Cyrl,sr_Cyrl_BA,sr_Cyrl_ME,sr_Cyrl_RS,sr_Cyrl_XK,sr_Latn,sr_Latn_BA,sr_Latn_ME,sr_Latn_RS,
    sr_Latn_XK,sr_ME,sr_RS,sr_XK,ss,ss_SZ,ss_ZA,ssy,ssy_ER,st,st_LS,st_ZA,su,su_ID,su_Latn,
    su_Latn_ID,sv,sv_AX,sv_FI,sv_SE,sw,sw_CD,sw_KE,sw_TZ,sw_UG,syr,syr_IQ,syr_SY,szl,szl_PL,ta,
    ta_IN,ta_LK,ta_MY,ta_SG,te,te_IN,teo,teo_KE,teo_UG,tg,tg_TJ,th,th_TH,ti,ti_ER,ti_ET,tig,tig_ER,
    tk,tk_TM,tn,tn_BW,tn_ZA,to,to_TO,tok,tok_001,tpi,tpi_PG,tr,tr_CY,tr_TR,trv,trv_TW,trw,trw_PK,
    ts,ts_ZA,tt,tt_RU,twq,twq_NE,tyv,tyv_RU,tzm,tzm_MA,ug,ug_CN,uk,uk_UA,ur,ur_IN,ur_PK,uz,uz_AF,
    uz_Arab,uz_Arab_AF,uz_Cyrl,uz_Cyrl_UZ,uz_Latn,uz_Latn_UZ,uz_UZ,vai,vai_LR,vai_Latn,vai_Latn_LR,
    vai_Vaii,vai_Vaii_LR,ve,ve_ZA,vec,vec_IT,vi,vi_VN,vmw,vmw_MZ,vo,vo_001,vun,vun_TZ,wa,wa_BE,wae,
    wae_CH,wal,wal_ET,wbp,wbp_AU,wo,wo_SN,xh,xh_ZA,xnr,xnr_IN,xog,xog_UG,yav,yav_CM,yi,yi_UA,yo,
    yo_BJ,yo_NG,yrl,yrl_BR,yrl_CO,yrl_VE,yue,yue_CN,yue_HK,yue_Hans,yue_Hans_CN,yue_Hant,yue_Hant_CN,
    yue_Hant_HK,yue_Hant_MO,yue_MO,za,za_CN,zgh,zgh_MA,zh,zh_CN,zh_HK,zh_Hans,zh_Hans_CN,zh_Hans_HK,
    zh_Hans_MO,zh_Hans_MY,zh_Hans_SG,zh_Hant,zh_Hant_HK,zh_Hant_MO,zh_Hant_MY,zh_Hant_TW,zh_Latn,
    zh_Latn_CN,zh_MO,zh_MY,zh_SG,zh_TW,zu,zu_ZA
    }'::text[]
);

CREATE TEMPORARY TABLE bounds ON COMMIT DROP AS
SELECT
    bound.relation,
    bound.relation || '_' || bound.suffix AS name,
    bound.expression
FROM (
    VALUES
    (1, 'tenants', 'slug_bounded', 'length(slug) <= 100'),
    (2, 'tenants', 'name_plain', 'is_plain_text(name, 200)'),
    (3, 'tenants', 'brand_name_plain', 'is_plain_text(brand_name, 200)'),
    (4, 'tenants', 'timezone_known', 'is_known_timezone(timezone)'),
    (5, 'tenants', 'currency_known', 'is_known_currency(currency::text)'),
    (6, 'tenants', 'locale_known', 'is_known_locale(locale)'),
    (7, 'tenants', 'reply_to_is_address', 'is_mail_address(reply_to)'),
    (8, 'tenants', 'recipient_domains_are_domains', 'are_domains(recipient_domains)'),
    (9, 'tenants', 'address_days_bounded', 'address_days <= 36500'),
    (10, 'tenants', 'whole_file_slack_in_bounds', 'in_byte_bounds(whole_file_slack)'),
    (11, 'tenants', 'created_at_in_bounds', 'in_calendar_bounds(created_at)'),
    (12, 'podcasts', 'slug_plain', 'is_plain_text(slug, 200)'),
    (13, 'podcasts', 'title_plain', 'is_plain_text(title, 1000)'),
    (14, 'podcasts', 'language_shape', 'language ~ ''^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$'''),
    (15, 'episodes', 'guid_plain', 'is_plain_text(guid, 2000)'),
    (16, 'episodes', 'title_plain', 'is_plain_text(title, 1000)'),
    (17, 'episodes', 'published_at_in_bounds', 'in_calendar_bounds(published_at)'),
    (18, 'episodes', 'duration_in_bounds', 'in_seconds_bounds(duration_s)'),
    (19, 'media_assets', 'path_plain', 'is_plain_text(path, 8000)'),
    (20, 'media_assets', 'bytes_in_bounds',
        'in_byte_bounds(file_bytes) AND in_byte_bounds(header_bytes) AND in_byte_bounds(part_offset_bytes)'),
    (21, 'media_assets', 'duration_in_bounds', 'in_seconds_bounds(duration_s)'),
    (22, 'asset_segments', 'bytes_in_bounds', 'in_byte_bounds(last_byte)'),
    (23, 'sponsors', 'name_plain', 'is_plain_text(name, 200)'),
    (24, 'campaigns', 'name_plain', 'is_plain_text(name, 200)'),
    (25, 'campaigns', 'currency_known', 'is_known_currency(currency::text)'),
    (26, 'campaigns', 'days_in_bounds', 'in_calendar_bounds(starts_on) AND in_calendar_bounds(ends_on)'),
    (27, 'attribution_configs', 'half_life_in_bounds', 'half_life_days BETWEEN 0.001 AND 3650'),
    (28, 'attribution_configs', 'valid_from_in_bounds', 'in_calendar_bounds(valid_from)'),
    (29, 'insertion_orders', 'number_plain', 'is_plain_text(number, 200)'),
    (30, 'insertion_orders', 'signed_on_in_bounds', 'in_calendar_bounds(signed_on)'),
    (31, 'placements', 'name_plain', 'is_plain_text(name, 200)'),
    (32, 'placements', 'cost_in_bounds', 'in_money_bounds(cost_minor)'),
    (33, 'placements', 'booked_in_bounds', 'booked_impressions <= 1000000000000'),
    (34, 'placements', 'flight_in_bounds',
        'in_calendar_bounds(flight_start) AND in_calendar_bounds(flight_end)'),
    (35, 'placement_episodes', 'aired_at_in_bounds', 'in_calendar_bounds(aired_at)'),
    (36, 'promo_codes', 'code_plain', 'is_plain_text(code, 200) AND code = btrim(code)'),
    (37, 'promo_codes', 'valid_in_bounds',
        -- A bound may be open, by NULL or by the infinity of its side.
        'NOT isempty(valid) AND coalesce(lower(valid) = ''-infinity''::timestamptz OR lower(valid) '
        'BETWEEN ''0001-01-01 00:00:00+00''::timestamptz AND ''9999-12-31 00:00:00+00''::timestamptz, true) '
        'AND coalesce(upper(valid) = ''infinity''::timestamptz OR upper(valid) '
        'BETWEEN ''0001-01-01 00:00:00+00''::timestamptz AND ''9999-12-31 00:00:00+00''::timestamptz, true)'),
    (38, 'report_subscriptions', 'recipients_are_addresses', 'are_mail_addresses(recipients)'),
    (39, 'report_subscriptions', 'locale_known', 'is_known_locale(locale)'),
    (40, 'fx_rates', 'currencies_known', 'is_known_currency(base::text) AND is_known_currency(quote::text)'),
    (41, 'fx_rates', 'rate_in_bounds', 'rate BETWEEN 0.000000001 AND 1000000000'),
    (42, 'fx_rates', 'day_in_bounds', 'in_calendar_bounds(day)'),
    (43, 'fx_rates', 'source_plain', 'is_plain_text(source, 200)'),
    (44, 'ip_inclusions', 'reason_plain', 'is_plain_text(reason, 1000)'),
    (45, 'ip_inclusions', 'validated_at_in_bounds', 'in_calendar_bounds(validated_at)'),
    (46, 'campaign_holdouts', 'assigned_at_in_bounds', 'in_calendar_bounds(assigned_at)'),
    (50, 'listener_events', 'occurred_at_in_bounds', 'in_event_time_bounds(occurred_at)'),
    (51, 'listener_events', 'received_at_in_bounds', 'in_event_time_bounds(received_at)'),
    (52, 'listener_events', 'bytes_in_bounds',
        'in_byte_bounds(range_start) AND in_byte_bounds(range_end) AND in_byte_bounds(bytes_sent)'),
    (53, 'listener_events', 'seconds_in_bounds',
        'in_seconds_bounds(position_seconds) AND in_seconds_bounds(heard_seconds)'),
    (54, 'listener_events', 'text_bounded',
        'length(user_agent) <= 20000 AND length(referrer) <= 20000 AND length(session_id) <= 1000 '
        'AND length(listener_id) <= 1000 AND length(platform) <= 1000 AND length(region_code) <= 100 '
        'AND length(http_method) <= 100'),
    (60, 'attribution_events', 'occurred_at_in_bounds', 'in_event_time_bounds(occurred_at)'),
    (61, 'attribution_events', 'received_at_in_bounds', 'in_event_time_bounds(received_at)'),
    (62, 'attribution_events', 'value_in_bounds', 'in_money_bounds(value_minor)'),
    (63, 'attribution_events', 'currency_known', 'is_known_currency(currency::text)'),
    (64, 'attribution_events', 'order_id_plain', 'is_plain_text(order_id, 1000)'),
    (65, 'attribution_events', 'text_bounded',
        'length(promo_code) <= 1000 AND length(user_agent) <= 20000 AND length(listener_id) <= 1000')
) AS bound (place, relation, suffix, expression)
ORDER BY bound.place;

DO $do$
DECLARE
    wanted record;
    broken bigint;
BEGIN
    FOR wanted IN
        SELECT
            relation,
            string_agg(format('ADD CONSTRAINT %I CHECK (%s) NOT VALID', name, expression), ', ') AS additions,
            string_agg(format('VALIDATE CONSTRAINT %I', name), ', ') AS validations
        FROM bounds
        GROUP BY relation
        ORDER BY relation
    LOOP
        EXECUTE format('ALTER TABLE public.%I %s', wanted.relation, wanted.additions);
        BEGIN
            -- One look at all rows of a table for all of its constraints.
            EXECUTE format('ALTER TABLE public.%I %s', wanted.relation, wanted.validations);
        EXCEPTION WHEN check_violation THEN
            -- Found out below which of them it is.
            CONTINUE;
        END;
    END LOOP;
    FOR wanted IN
        SELECT
            bounds.relation,
            bounds.name,
            bounds.expression
        FROM bounds
        INNER JOIN pg_constraint AS held
            ON bounds.name = held.conname AND held.conrelid = format('public.%I', bounds.relation)::regclass
        WHERE NOT held.convalidated
        ORDER BY bounds.name
    LOOP
        BEGIN
            EXECUTE format('ALTER TABLE public.%I VALIDATE CONSTRAINT %I', wanted.relation, wanted.name);
        EXCEPTION WHEN check_violation THEN
            EXECUTE format('SELECT count(*) FROM public.%I WHERE NOT (%s)', wanted.relation, wanted.expression)
            INTO broken;
            RAISE WARNING '% row(s) of % break %. They stay as they are; new ones are refused. Correct them, then run: '
                'ALTER TABLE % VALIDATE CONSTRAINT %',
                broken, wanted.relation, wanted.name, wanted.relation, wanted.name;
        END;
    END LOOP;
END
$do$;

-- As in 0001, for series with rows that break a constraint.
CREATE OR REPLACE FUNCTION earshot_extend_series(series text, first date, last date) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, public
AS $function$
DECLARE
    kept earshot_series%rowtype;
    step_days integer;
    lower_day date;
    partition_name text;
    low text;
    high text;
    made integer := 0;
    loose record;
BEGIN
    SELECT * INTO STRICT kept FROM earshot_series WHERE table_name = series;
    step_days := extract(day FROM kept.step);
    -- Cut at multiples of the step since 1970, as TimescaleDB cuts its chunks.
    lower_day := date '1970-01-01' + ((first - date '1970-01-01') / step_days) * step_days;
    WHILE lower_day <= last LOOP
        partition_name := format('%s_p%s', series, to_char(lower_day, 'YYYYMMDD'));
        IF to_regclass(format('public.%I', partition_name)) IS NULL THEN
            low := lower_day::text || ' 00:00:00+00';
            high := (lower_day + step_days)::text || ' 00:00:00+00';
            EXECUTE format(
                'CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition_name, series
            );
            -- Rows that break a constraint already move as they are: it comes after them, and is not valid here either.
            FOR loose IN
                SELECT conname AS name FROM pg_constraint
                WHERE conrelid = to_regclass(format('public.%I', series)) AND contype = 'c' AND NOT convalidated
            LOOP
                EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT %I', partition_name, loose.name);
            END LOOP;
            EXECUTE format(
                'WITH waiting AS (DELETE FROM public.%I WHERE %I >= %L AND %I < %L RETURNING *) '
                'INSERT INTO public.%I SELECT * FROM waiting',
                series || '_default', kept.time_column, low, kept.time_column, high, partition_name
            );
            FOR loose IN
                SELECT conname AS name, pg_get_constraintdef(oid) AS definition FROM pg_constraint
                WHERE conrelid = to_regclass(format('public.%I', series)) AND contype = 'c' AND NOT convalidated
            LOOP
                EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I %s', partition_name, loose.name, loose.definition);
            END LOOP;
            EXECUTE format(
                'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                series, partition_name, low, high
            );
            made := made + 1;
        END IF;
        lower_day := lower_day + step_days;
    END LOOP;
    RETURN made;
END
$function$;

-- Every moment under which an attribution event was delivered. A provider delivers an event again, sometimes weeks later
-- and under another time; the earliest delivery is the event, and a table that is not cut by time finds it by its key.
-- A row stays when the event goes: an event whose day has passed its retention was still delivered before.
CREATE TABLE attribution_deliveries (
    tenant_id uuid NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, event_id, occurred_at)
);

-- Runs as the owner: whoever may add an event need not know of this table.
CREATE FUNCTION note_attribution_delivery() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO public.attribution_deliveries (tenant_id, event_id, occurred_at)
    VALUES (new.tenant_id, new.event_id, new.occurred_at)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION note_attribution_delivery() FROM public;

CREATE TRIGGER attribution_events_noted AFTER INSERT OR UPDATE OF tenant_id, event_id, occurred_at ON attribution_events
FOR EACH ROW EXECUTE FUNCTION note_attribution_delivery();

INSERT INTO attribution_deliveries (tenant_id, event_id, occurred_at)
SELECT
    tenant_id,
    event_id,
    occurred_at
FROM attribution_events;

-- The day on which each conversion stands: it stands once. conversions cannot hold that itself, because the keys of a
-- table that is cut by time contain the time; whoever writes conversions writes these (sql/moving.py).
CREATE TABLE conversion_days (
    tenant_id uuid NOT NULL,
    conversion_id uuid NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (tenant_id, conversion_id)
);
CREATE INDEX conversion_days_day ON conversion_days (tenant_id, day);

-- Conversions that stand on several days already stay on the first; the other days are open again.
CREATE TEMPORARY TABLE doubled ON COMMIT DROP AS
SELECT
    ordered.tenant_id,
    ordered.conversion_id,
    ordered.day
FROM (
    SELECT
        tenant_id,
        conversion_id,
        day,
        row_number() OVER (PARTITION BY tenant_id, conversion_id ORDER BY converted_at) AS place
    FROM conversions
) AS ordered
WHERE ordered.place > 1;

DO $do$
DECLARE
    held text;
    doubles bigint := (SELECT count(*) FROM doubled);
BEGIN
    IF doubles > 0 THEN
        FOREACH held IN ARRAY ARRAY['conversions', 'conversion_adjustments', 'attribution_touches', 'attribution_credits'] LOOP
            EXECUTE format(
                'DELETE FROM public.%I AS held USING doubled WHERE held.tenant_id = doubled.tenant_id '
                'AND held.day = doubled.day AND held.conversion_id = doubled.conversion_id',
                held
            );
        END LOOP;
        RAISE WARNING '% conversion(s) stood on several days. They stay on the first; the other days are stale now', doubles;
    END IF;
END
$do$;

UPDATE ingest_watermarks AS arrived SET changed_at = clock_timestamp()
FROM doubled
WHERE arrived.tenant_id = doubled.tenant_id AND arrived.day = doubled.day AND arrived.source = 'signals';

UPDATE rollup_ledger AS line SET content_hash = NULL, changed_at = clock_timestamp()
FROM doubled
WHERE
    line.tenant_id = doubled.tenant_id AND line.day = doubled.day
    AND line.asset IN ('conversions', 'attribution_credits');

INSERT INTO conversion_days (tenant_id, conversion_id, day)
SELECT
    tenant_id,
    conversion_id,
    day
FROM conversions;

-- When a row was received that was never: nobody knows.
UPDATE ingest_watermarks SET received_at = NULL WHERE NOT in_event_time_bounds(received_at);
UPDATE rollup_ledger SET input_watermark = NULL WHERE NOT in_event_time_bounds(input_watermark);

SELECT earshot_protect('public.attribution_deliveries'::regclass);
SELECT earshot_protect('public.conversion_days'::regclass);
GRANT SELECT, INSERT, UPDATE, DELETE ON attribution_deliveries, conversion_days TO earshot_etl;
GRANT SELECT ON attribution_deliveries, conversion_days TO earshot_report, earshot_readonly;
